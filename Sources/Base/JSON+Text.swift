extension JSON {
    /// Compact JSON text, members in their order. A double that JSON cannot express (NaN, infinity) becomes `null`.
    package var text: String {
        String(decoding: utf8, as: UTF8.self)
    }

    /// Compact JSON text with members in the order of their keys' code points: equal values give equal texts.
    package var canonicalText: String {
        var bytes: [UInt8] = []
        write(to: &bytes, sortsKeys: true)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of `text`.
    package var utf8: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    /// Appends the bytes of `text`.
    package func write(to bytes: inout [UInt8]) {
        write(to: &bytes, sortsKeys: false)
    }

    private func write(to bytes: inout [UInt8], sortsKeys: Bool) {
        switch self {
        case .array(let elements): Self.write(elements, to: &bytes, sortsKeys)
        case .object(let members): Self.write(sortsKeys ? members.sortedByKey : members, to: &bytes, sortsKeys)
        default: writeScalar(to: &bytes)
        }
    }

    private func writeScalar(to bytes: inout [UInt8]) {
        switch self {
        case .null, .array, .object: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        case .number(let value): bytes.append(contentsOf: Self.text(of: value).utf8)
        case .decimal(let text): bytes.append(contentsOf: text.utf8)
        case .string(let value): Self.write(value, to: &bytes)
        }
    }

    private static func write(_ elements: [JSON], to bytes: inout [UInt8], _ sortsKeys: Bool) {
        bytes.append(UInt8(ascii: "["))
        for index in elements.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            elements[index].write(to: &bytes, sortsKeys: sortsKeys)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func write(_ members: JSONObject, to bytes: inout [UInt8], _ sortsKeys: Bool) {
        bytes.append(UInt8(ascii: "{"))
        for index in members.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(members[index].key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            members[index].value.write(to: &bytes, sortsKeys: sortsKeys)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The shortest text that reads back as the same double; whole numbers below 2^53 without a fraction.
    package static func text(of value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 {
            return value == 0 ? "0" : String(Int64(value))
        }
        return "\(value)"
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private static func write(_ string: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        let isPlain = string.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain { return bytes.append(contentsOf: string.utf8) }
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigits[Int(byte >> 4)])
                bytes.append(hexDigits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
    }
}
