/// JSON as Postgres built it, passed through to clients byte for byte.
package struct JSONText: Sendable, Hashable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }
}
