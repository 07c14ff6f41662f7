package import Broadcast
import Foundation
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
import Postgres
package import Store
import Workflow

/// `GET /tasks/{task_id}/stream` and `GET /stream`: server-sent events.
package struct StreamRoutes: Sendable {
    private let store: Store
    private let hub: Hub
    private let configuration: StreamConfiguration

    private let logger: Logger

    package init(store: Store, hub: Hub, configuration: StreamConfiguration = StreamConfiguration(), logger: Logger) {
        self.logger = logger
        self.store = store
        self.hub = hub
        self.configuration = configuration
    }

    /// Adds the routes to a router that stands at the API's root.
    package func add<Context: StreamRequestContext>(to router: some RouterMethods<Context>) {
        for method in [HTTPRequest.Method.get, .head] {
            router.on("/tasks/{task_id}/stream", method: method) { request, context in
                guard let taskID = context.parameters.get("task_id").flatMap(UUID.init(strict:)) else {
                    throw ProblemError(
                        .malformed, "task_id in the path is not a UUID.",
                        errors: [Problem(pointer: "/path/task_id", detail: "must be a UUID")])
                }
                return try await respond(request, context, taskID: taskID)
            }
            router.on("/stream", method: method) { request, context in
                try await respond(request, context, taskID: nil)
            }
        }
    }

    private func respond(
        _ request: Request, _ context: some StreamRequestContext, taskID: UUID?
    ) async throws -> Response {
        let query = try StreamQuery(request, taskID: taskID)
        let starter = StreamStarter(store: store, scope: context.scope, taskID: taskID)
        let permit: StreamPermit
        do {
            permit = try StreamPermit(
                hub, for: StreamReader(tenantID: context.scope.tenantID, userID: context.scope.userID))
        } catch {
            return try StreamResponses.overloaded(request, hub, error.limit, context)
        }
        let answer: StreamStarter.Answer
        do {
            answer = try await starter.answer(query.position)
        } catch let error as PostgresError {
            guard StreamResponses.isEventSource(request) else { throw error }
            context.logger.warning("a stream cannot begin", metadata: ["error": "\(error)"])
            return try StreamResponses.overloaded(request, hub, .node, context)
        }
        guard case .stream(let start, let head) = answer else { return Response(status: .noContent) }
        if request.method == .head { return StreamResponses.headOnly(context) }
        permit.follow(head)
        let connection = StreamConnection(
            request: StreamRequest(
                tenantID: context.scope.tenantID, filter: query.filter, framing: context.isHTTP2 ? .plain : .chunked),
            starter: starter, hub: hub, permit: permit, logger: logger, settleTime: configuration.settleTime)
        let channel = context.channel
        return Response(
            status: .ok, headers: StreamResponses.headers(closing: !context.isHTTP2),
            body: ResponseBody { writer in
                if await connection.serve(start, on: channel) { try await writer.finish(nil) }
            })
    }
}
