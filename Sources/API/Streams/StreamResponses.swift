import Broadcast
import HTTPTypes
import Hummingbird
import NIOCore

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
