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

    static let table: [String: Right] = [
        "GET /health": open,
        "GET /health/live": open,
        "GET /health/ready": open,

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
        "PATCH /api/v1/workflows/{name}/versions/{version}": write,

        "GET /api/v1/tasks": Right(scope: .stream, rows: [.taskUpdated]),
        "POST /api/v1/tasks": start,
        "GET /api/v1/tasks/{task_id}": Right(scope: .stream, rows: [.taskUpdated]),
        "DELETE /api/v1/tasks/{task_id}": admin,
        "GET /api/v1/tasks/{task_id}/state": stream,
        "GET /api/v1/workflows/{name}/state/{task_id}": stream,
        "GET /api/v1/tasks/{task_id}/stream": stream,
        "GET /api/v1/stream": stream,
        "POST /api/v1/tasks/{task_id}/pause": write,
        "POST /api/v1/tasks/{task_id}/resume": write,
        "POST /api/v1/tasks/{task_id}/cancel": write,
        "POST /api/v1/tasks/{task_id}/retry": start,
        "POST /api/v1/tasks/{task_id}/fork": start,
        "POST /api/v1/tasks/{task_id}/events": write,
        "POST /api/v1/tasks/{task_id}/signals/{name}": write,
        "GET /api/v1/tasks/{task_id}/outputs": Right(scope: .stream, rows: [.outputUpdated]),
        "GET /api/v1/tasks/{task_id}/outputs/{output_id}/versions": Right(scope: .stream, rows: [.outputVersionAdded]),
        "GET /api/v1/tasks/{task_id}/evaluations": Right(scope: .stream, rows: [.evaluationUpdated]),
        "GET /api/v1/tasks/{task_id}/rankings": Right(scope: .stream, rows: [.rankingUpdated]),
        "GET /api/v1/tasks/{task_id}/steps": Right(scope: .read, rows: [.stepUpdated, .queueBuilt]),
        "GET /api/v1/tasks/{task_id}/logs": Right(scope: .read, rows: [.logAppended]),
        "GET /api/v1/tasks/{task_id}/history": read,
        "PATCH /api/v1/outputs/{id}": write,

        "GET /api/v1/human-tasks": read,
        "GET /api/v1/human-tasks/{id}": read,
        "POST /api/v1/human-tasks/{id}/claim": write,
        "POST /api/v1/human-tasks/{id}/complete": write,
        "POST /api/v1/human-tasks/{id}/reassign": write,
        "POST /api/v1/human-tasks/{id}/cancel": write,

        "GET /api/v1/schedules": read,
        "POST /api/v1/schedules": start,
        "GET /api/v1/schedules/{id}": read,
        "PATCH /api/v1/schedules/{id}": write,
        "DELETE /api/v1/schedules/{id}": admin,
    ]
}
