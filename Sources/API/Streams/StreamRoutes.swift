package import Broadcast
import Foundation
import HTTPTypes
package import Hummingbird
package import Logging
package import NIOCore
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

/// How the stream routes treat their connections; the hub's bounds are in `HubConfiguration`.
package struct StreamConfiguration: Sendable {
    /// How long a reader has to take what is unsent when its stream ends; on shutdown it is a second at most.
    package var settleTime: Duration = .seconds(30)

    package init() {}
}

/// What a stream needs to know of its request: who asks, and the connection that it writes to.
package protocol StreamRequestContext: RequestContext {
    var scope: Scope { get }
    var channel: any Channel { get }
    /// Whether the connection is a stream of HTTP/2.
    var isHTTP2: Bool { get }
}

extension PressroomRequestContext: StreamRequestContext {}

/// The responses of the stream routes that are not streams, and the headers of those that are.
enum StreamResponses {
    private static let headers: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-cache, no-transform", .accelBuffering: "no",
    ]

    /// Whether the client reads event streams; a browser's `EventSource` always says so.
    static func isEventSource(_ request: Request) -> Bool {
        request.headers[values: .accept].contains { accept in
            accept.split(separator: ",").contains { range in
                range.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased() == "text/event-stream"
            }
        }
    }

    /// There is no room, or no database, now. Any status but 200 would stop an `EventSource` for good.
    static func overloaded(
        _ request: Request, _ hub: Hub, _ limit: StreamLimit, _ context: some StreamRequestContext
    ) throws(ProblemError) -> Response {
        let retry = hub.jitteredRetryWhenOverloaded
        guard isEventSource(request) else {
            let headers: HTTPFields = [.retryAfter: "\(retry.components.seconds)"]
            switch limit {
            case .node: throw ProblemError(.unavailable, "This node serves no further streams now.", headers: headers)
            case .tenant: throw ProblemError(.tooManyRequests, "The tenant has too many open streams.", headers: headers)
            case .user: throw ProblemError(.tooManyRequests, "You have too many open streams.", headers: headers)
            }
        }
        let frames = [Frame.opening(retry: retry, cursor: nil).plain, Frame.overloaded(retry: retry).plain]
        let closing = context.isHTTP2 ? nil : context.channel
        return Response(
            status: .ok, headers: headers(closing: closing != nil),
            body: ResponseBody { writer in
                try await writer.write(contentsOf: frames)
                try await writer.finish(nil)
                closing?.close(promise: nil)
            })
    }

    /// The head of a stream without a stream. In HTTP/1.1 a response to `HEAD` must not have even the chunk that ends a
    /// body, which the encoder would write: the connection is closed instead.
    static func headOnly(_ context: some StreamRequestContext) -> Response {
        let closing = context.isHTTP2 ? nil : context.channel
        return Response(
            status: .ok, headers: headers(closing: closing != nil),
            body: ResponseBody { writer in
                if let closing { closing.close(promise: nil) } else { try await writer.finish(nil) }
            })
    }

    /// - Parameter closing: in HTTP/1.1 the connection ends with the stream: it may have been taken from the server.
    static func headers(closing: Bool) -> HTTPFields {
        var headers = headers
        if closing { headers[.connection] = "close" }
        return headers
    }
}
