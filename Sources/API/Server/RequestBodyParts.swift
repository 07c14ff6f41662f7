import NIOCore
import NIOHTTPTypes

/// The body of a request, out of the parts that its connection reads. It can be read once, by one at a time.
struct RequestBodyParts: AsyncSequence, Sendable {
    typealias Parts = NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator

    /// The connection reads on only when the response has begun, and then from the same place.
    private nonisolated(unsafe) let parts: Parts

    init(_ parts: Parts) {
        self.parts = parts
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(parts: parts)
    }

    struct Iterator: AsyncIteratorProtocol {
        var parts: Parts
        private var isOver = false

        init(parts: Parts) {
            self.parts = parts
        }

        mutating func next() async throws -> ByteBuffer? {
            guard !isOver else { return nil }
            switch try await parts.next() {
            case .body(let bytes): return bytes
            case .end: isOver = true
            // Its connection is gone before its end: what was read is not the body.
            case .head, nil: throw ChannelError.eof
            }
            return nil
        }
    }
}
