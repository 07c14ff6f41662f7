import CLibPQ

/// What is needed to ask the server to stop the running statement of a connection, apart from the connection itself.
final class CancelRequest: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Sends the request on a connection of its own and waits until the server has acted on it. Blocks.
    func send() {
        var message = [CChar](repeating: 0, count: 256)
        // A failure needs no report: the query then ends by itself, or the connection is closed after a while.
        _ = PQcancel(pointer, &message, Int32(message.count))
    }
}
