import Mustache

/// Percent-encodes what templates put into a URL (RFC 3986, sections 2.1 and 2.3).
package struct URLEscaping: MustacheContentType {
    /// What templates call it. Asking for it makes it known.
    static let contentType: String = {
        MustacheContentTypes.register(URLEscaping(), named: "URL")
        return "URL"
    }()

    package func escapeText(_ text: String) -> String { Self.escaped(text) }

    package static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
