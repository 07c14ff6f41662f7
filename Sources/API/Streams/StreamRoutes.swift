import Broadcast
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres
import Store
import Workflow

/// `GET /tasks/{task_id}/stream` and `GET /stream`: server-sent events.
struct StreamRoutes: Sendable {
    let api: APIEnvironment
    let hub: Hub
    let credentials: CredentialWatch
    /// Of the service: a request's own logger would live as long as its stream.
    let logger: Logger

    func add(to routes: RouteBuilder) {
        routes.stream("/api/v1/tasks/{task_id}/stream") { request, context in
            try await respond(request, context, taskID: context.uuid("task_id"))
        }
        routes.stream("/api/v1/stream") { request, context in
            try await respond(request, context, taskID: nil)
        }
    }

    private func respond(
        _ request: Request, _ context: PressroomRequestContext, taskID: UUID?
    ) async throws -> Response {
        var query = try StreamQuery(request, taskID: taskID)
        try context.identity.narrow(&query.filter)
        // Whether the task is seen shows when the stream begins. So all readers of it share their bytes.
        if taskID != nil { query.filter.sight = nil }
        let starter = StreamStarter(store: api.store, identity: context.identity, taskID: taskID)
        let permit: StreamPermit
        do {
            permit = try StreamPermit(
                hub, for: StreamReader(tenantID: context.scope.tenantID, userID: context.identity.personID),
                tenantLimit: context.identity.principal.tenantLimits.maxStreams)
        } catch {
            return try overloaded(error, request, context)
        }
        let beginning: StreamStarter.Beginning?
        do {
            beginning = try await starter.begin(query.position)
        } catch let error as PostgresError {
            guard request.isOfEventSource else { throw error }
            context.logger.warning("a stream cannot begin", metadata: ["error": "\(error)"])
            return try overloaded(.node, request, context)
        }
        guard let (start, head) = beginning else { return Response(status: .noContent) }
        if request.method == .head { return headOnly(context) }
        permit.follow(head)
        let principal = context.identity.principal
        let credential = principal.mode == .none ? nil : StreamCredential(credentials, principal)
        let response = StreamResponse(
            request: StreamRequest(
                tenantID: context.scope.tenantID, filter: query.filter,
                framing: context.isHTTP2 || context.isHTTP10 ? .plain : .chunked, view: principal.ticket?.view ?? .whole,
                isRestricted: context.scope.sight != nil),
            transport: context.isHTTP2 ? .http2 : .http1, starter: starter, hub: hub, permit: permit, credential: credential,
            logger: logger, settleTime: api.configuration.streamSettleTime)
        let channel = context.channel
        return Response(
            status: .ok, headers: Self.headers(closing: !context.isHTTP2),
            body: ResponseBody { writer in
                if await response.serve(start, on: channel) { try await writer.finish(nil) }
            })
    }

    /// The response while the node has no capacity, or no database. An `EventSource` gives up at any status but 200.
    private func overloaded(
        _ limit: StreamLimit, _ request: Request, _ context: PressroomRequestContext
    ) throws(ProblemError) -> Response {
        let retry = hub.jitteredRetryWhenOverloaded
        guard request.isOfEventSource else {
            let headers: HTTPFields = [.retryAfter: "\(retry.components.seconds)"]
            switch limit {
            case .node: throw ProblemError(.unavailable, "This node serves no further streams now.", headers: headers)
            case .tenant: throw ProblemError(.tooManyRequests, "The tenant has too many open streams.", headers: headers)
            case .user: throw ProblemError(.tooManyRequests, "You have too many open streams.", headers: headers)
            }
        }
        let frame = Frame.first(.overloaded(retry: retry), retry: retry, cursor: nil).plain
        let closing = context.isHTTP2 ? nil : context.channel
        return Response(
            status: .ok, headers: Self.headers(closing: closing != nil),
            body: ResponseBody { writer in
                try await writer.write(frame)
                try await writer.finish(nil)
                closing?.close(promise: nil)
            })
    }

    /// The response to an `EventSource` whose ticket has ended: any other status would stop it without a reason. It waits for
    /// a while before it comes back.
    static func ended(_ end: CredentialEnd, _ request: Request, _ context: PressroomRequestContext) -> Response {
        let given = request.headers[.lastEventID].flatMap { Cursor($0) }
        let frame = Frame.first(.credentialsExpired(end, cursor: given), retry: .endedCredential, cursor: given).plain
        let closing = context.isHTTP2 ? nil : context.channel
        return Response(
            status: .ok, headers: headers(closing: closing != nil),
            body: ResponseBody { writer in
                try await writer.write(frame)
                try await writer.finish(nil)
                closing?.close(promise: nil)
            })
    }

    /// The head of a stream without a stream. In HTTP/1.1 a response to `HEAD` must not have even the chunk that ends a
    /// body, which the encoder would write, so the connection is closed instead.
    private func headOnly(_ context: PressroomRequestContext) -> Response {
        let closing = context.isHTTP2 ? nil : context.channel
        return Response(
            status: .ok, headers: Self.headers(closing: closing != nil),
            body: ResponseBody { writer in
                if let closing { closing.close(promise: nil) } else { try await writer.finish(nil) }
            })
    }

    /// - Parameter closing: in HTTP/1.1 the connection ends with the stream, because it may be taken from the server.
    static func headers(closing: Bool) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-cache, no-transform", .accelBuffering: "no",
        ]
        if closing { headers[.connection] = "close" }
        return headers
    }
}
