package import NIOCore

/// A piece of an event stream, encoded once and shared by everybody who gets it.
package struct Frame: Sendable {
    /// The piece as one chunk of HTTP/1.1.
    package let chunk: ByteBuffer
    /// The piece itself; the same memory as the chunk.
    package let plain: ByteBuffer

    /// Makes a frame of a text whose length in bytes is known.
    init(length: Int, write: (inout ByteBuffer) -> Void) {
        let digits = String(length, radix: 16)
        var buffer = ByteBufferAllocator().buffer(capacity: digits.utf8.count + length + 4)
        buffer.writeString(digits)
        buffer.writeStaticString("\r\n")
        let start = buffer.writerIndex
        write(&buffer)
        assert(buffer.writerIndex - start == length, "a frame of \(buffer.writerIndex - start) bytes, not \(length)")
        buffer.writeStaticString("\r\n")
        chunk = buffer
        plain = buffer.getSlice(at: start, length: length) ?? ByteBuffer()
    }

    /// Makes a frame of a text that ends with its blank line.
    package init(_ text: String) {
        self.init(length: text.utf8.count) { $0.writeString(text) }
    }

    package func bytes(_ framing: Framing) -> ByteBuffer {
        switch framing {
        case .chunked: chunk
        case .plain: plain
        }
    }
}
