import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// The parts of HTTP that go in and out of a connection, or of one stream of it.
typealias HTTPChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

/// A request whose response has begun.
///
/// It holds no more than what the rest of the response needs: a stream may last for hours, and there are many.
struct HTTPExchange {
    /// Whether the client asked for the connection to be closed afterwards.
    let isLast: Bool
    /// What writes the rest of a body whose length was not known; nil when everything is written.
    let body: ResponseBody?
    let writer: (any ResponseBodyWriter)?

    func finish() async throws {
        if let body, let writer { try await body.write(writer) }
    }
}
