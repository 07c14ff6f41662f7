import NIOCore
package import Workflow

extension Frame {
    /// `id`, `event` and `data` (HTML, section 9.2.6); without a cursor the frame has no `id`.
    ///
    /// A raw line break would end the line: in JSON it can only be white space between tokens, so it becomes a space.
    package init(cursor: Cursor?, event: String, data: [UInt8]) {
        let id = cursor.map { "id: \($0)\n" } ?? ""
        let event = "event: \(event)\ndata: "
        self.init(length: id.utf8.count + event.utf8.count + data.count + 2) { buffer in
            buffer.writeString(id)
            buffer.writeString(event)
            let start = buffer.readableBytes
            buffer.writeBytes(data)
            buffer.withUnsafeMutableReadableBytes { bytes in
                for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
                    bytes[index] = 0x20
                }
            }
            buffer.writeStaticString("\n\n")
        }
    }

    package init(cursor: Cursor?, event: String, data: JSON) {
        self.init(cursor: cursor, event: event, data: data.utf8)
    }
}
