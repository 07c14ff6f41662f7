import Workflow

/// What a request needs for a route, beside being of the tenant. Tests walk this table, the router and `openapi.json`, and
/// find each route in all three.
enum RouteRights {
    struct Right: Sendable, Hashable {
        /// Nil: no credential is needed.
        let scope: AccessScope?
        /// Not for a tenant that is suspended.
        var startsTasks = false
        /// Open to a credential that is not asked for any scope, such as who asks who it is.
        var isForAnyScope = false
        /// What the path names and the request acts on; nil: nothing, or something that only admins of the tenant act on.
        var actsOn: Row?
        /// What it takes in the workspace of that.
        var level = AccessLevel.write
        /// The types of events that carry the same rows: a ticket opens the route with one of them, and not without.
        var rows: [EventType] = []
    }

    /// A route that is not in the table needs `admin`.
    static func right(for route: String) -> Right { table[route] ?? admin }

    /// What a ticket opens of the human tasks that it may answer.
    static let answering: Set<String> = [
        "GET /api/v1/human-tasks/{id}", "POST /api/v1/human-tasks/{id}/claim", "POST /api/v1/human-tasks/{id}/complete",
    ]

    private static let open = Right(scope: nil)
    private static let any = Right(scope: .stream, isForAnyScope: true)
    private static let stream = Right(scope: .stream)
    private static let read = Right(scope: .read)
    private static let write = Right(scope: .write)
    private static let start = Right(scope: .write, startsTasks: true)
    private static let admin = Right(scope: .admin)
    private static let act = Right(scope: .write, actsOn: .task)
    /// Whose question it is, the store says (`Principal.mayAnswer`).
    private static let answer = Right(scope: .write, actsOn: .humanTask, level: .read)

    static let table: [String: Right] = [
        "GET /health": open,
        "GET /health/live": open,
        "GET /health/ready": open,
        "GET /metrics": open, // has a token of its own

        "GET /api/v1/me": any,
        "GET /api/v1/session": any,
        "POST /api/v1/session": open,
        "DELETE /api/v1/session": open,
        "GET /api/v1/api-keys": admin,
        "POST /api/v1/api-keys": admin,
        "DELETE /api/v1/api-keys/{id}": admin,
        "POST /api/v1/stream-tickets": stream,
        "GET /api/v1/workspaces": read,
        "POST /api/v1/workspaces": admin,
        "GET /api/v1/workspaces/{id}": read,
        // The members of a workspace are managed by its admins, whose keys need not be the tenant's.
        "PATCH /api/v1/workspaces/{id}": write,
        "DELETE /api/v1/workspaces/{id}": admin,
        "GET /api/v1/workspaces/{id}/members": read,
        "GET /api/v1/workspaces/{id}/members/{member}": read,
        "PUT /api/v1/workspaces/{id}/members/{member}": write,
        "DELETE /api/v1/workspaces/{id}/members/{member}": write,

        "GET /api/v1/workflows": read,
        "POST /api/v1/workflows": write,
        "POST /api/v1/workflows/validate": read,
        "GET /api/v1/workflows/{name}": read,
        "GET /api/v1/workflows/{name}/graph": read,
        "GET /api/v1/workflows/{name}/versions": read,
        "GET /api/v1/workflows/{name}/versions/{version}": read,
        "PATCH /api/v1/workflows/{name}/versions/{version}": Right(scope: .write, actsOn: .workflow),

        "GET /api/v1/tasks": Right(scope: .stream, rows: [.taskUpdated]),
        "POST /api/v1/tasks": start,
        "GET /api/v1/tasks/{task_id}": Right(scope: .stream, rows: [.taskUpdated]),
        "DELETE /api/v1/tasks/{task_id}": Right(scope: .admin, actsOn: .task, level: .admin),
        "GET /api/v1/tasks/{task_id}/state": stream,
        "GET /api/v1/workflows/{name}/state/{task_id}": stream,
        "GET /api/v1/tasks/{task_id}/stream": stream,
        "GET /api/v1/stream": stream,
        "POST /api/v1/tasks/{task_id}/pause": act,
        "POST /api/v1/tasks/{task_id}/resume": act,
        "POST /api/v1/tasks/{task_id}/cancel": act,
        "POST /api/v1/tasks/{task_id}/retry": Right(scope: .write, startsTasks: true, actsOn: .task),
        "POST /api/v1/tasks/{task_id}/fork": Right(scope: .write, startsTasks: true, actsOn: .task),
        "POST /api/v1/tasks/{task_id}/events": act,
        "POST /api/v1/tasks/{task_id}/signals/{name}": act,
        "GET /api/v1/tasks/{task_id}/outputs": Right(scope: .stream, rows: [.outputUpdated]),
        // With what was asked and answered, which is not for tickets.
        "GET /api/v1/tasks/{task_id}/outputs/{output_id}": read,
        "GET /api/v1/tasks/{task_id}/outputs/{output_id}/versions": Right(scope: .stream, rows: [.outputVersionAdded]),
        "GET /api/v1/tasks/{task_id}/evaluations": Right(scope: .stream, rows: [.evaluationUpdated]),
        "GET /api/v1/tasks/{task_id}/rankings": Right(scope: .stream, rows: [.rankingUpdated]),
        "GET /api/v1/tasks/{task_id}/steps": Right(scope: .read, rows: [.stepUpdated, .queueBuilt]),
        "GET /api/v1/tasks/{task_id}/logs": Right(scope: .read, rows: [.logAppended]),
        "GET /api/v1/tasks/{task_id}/attempts": read,
        "GET /api/v1/tasks/{task_id}/calls": read,
        "GET /api/v1/attempts": read,
        "GET /api/v1/calls": read,
        "GET /api/v1/calls/{id}": read,
        "GET /api/v1/steps": read,
        "GET /api/v1/steps/{id}": read,
        "GET /api/v1/overview": read,
        "GET /api/v1/usage": read,
        "GET /api/v1/processors": read,
        "GET /api/v1/queues": read,
        "GET /api/v1/tasks/{task_id}/history": read,
        "PATCH /api/v1/outputs/{id}": Right(scope: .write, actsOn: .output),

        "GET /api/v1/human-tasks": read,
        "GET /api/v1/human-tasks/{id}": read,
        "POST /api/v1/human-tasks/{id}/claim": answer,
        "POST /api/v1/human-tasks/{id}/complete": answer,
        "POST /api/v1/human-tasks/{id}/reassign": answer,
        "POST /api/v1/human-tasks/{id}/cancel": answer,

        "GET /api/v1/schedules": read,
        "POST /api/v1/schedules": start,
        "GET /api/v1/schedules/{id}": read,
        "PATCH /api/v1/schedules/{id}": Right(scope: .write, actsOn: .schedule),
        "DELETE /api/v1/schedules/{id}": Right(scope: .admin, actsOn: .schedule, level: .admin),
    ]
}
