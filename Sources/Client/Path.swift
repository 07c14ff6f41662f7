/// Writes the paths of requests, percent-encoded (RFC 3986).
struct Path {
    private(set) var text: String
    private var hasQuery = false

    /// `parts` are encoded, so that a slash in one of them stays a part of it.
    init(_ parts: String...) {
        text = "/api/v1" + parts.map { "/" + Self.encoded($0) }.joined()
    }

    /// Adds a query parameter; none when the value is nil.
    func with(_ name: String, _ value: String?) -> Path {
        guard let value else { return self }
        var path = self
        path.text += (hasQuery ? "&" : "?") + Self.encoded(name) + "=" + Self.encoded(value)
        path.hasQuery = true
        return path
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (byte < 16 ? "0" : "") + hex
            }
        }
        return result
    }
}
