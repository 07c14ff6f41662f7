/// Resolves scalars by the core schema of YAML 1.2.2 (10.3.2).
enum YAMLScalar {
    struct Failure: Error {
        let detail: String
    }

    static func value(of text: String, tag: String, isPlain: Bool) throws(Failure) -> JSON {
        switch tag {
        case "", "?": return isPlain ? try plain(text) : .string(text)
        case "!", "tag:yaml.org,2002:str": return .string(text)
        case "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
            let value = try plain(text)
            guard value.string == nil else { throw Failure(detail: "does not fit its tag '\(tag)'") }
            return value
        default: throw Failure(detail: "has the unknown tag '\(tag.prefix(80))'")
        }
    }

    private static func plain(_ text: String) throws(Failure) -> JSON {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            throw Failure(detail: "must be a finite number")
        default: return try number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) throws(Failure) -> JSON? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
            || first == UInt8(ascii: ".") || (0x30...0x39).contains(first)
        else { return nil }
        if text.hasPrefix("0x"), let value = radix(text, 16) { return .integer(value) }
        if text.hasPrefix("0o"), let value = radix(text, 8) { return .integer(value) }
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest[whole.endIndex...]
        if rest.isEmpty, !whole.isEmpty, let value = Int64(text) { return .integer(value) }
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            rest = rest[fraction.endIndex...]
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard !rest.isEmpty else { return nil }
            rest = rest.drop { (0x30...0x39).contains($0) }
        }
        guard rest.isEmpty, let value = Double(text) else { return nil }
        guard value.isFinite else { throw Failure(detail: "must be a finite number") }
        return .number(value)
    }

    private static func radix(_ text: String, _ radix: Int) -> Int64? {
        let digits = text.dropFirst(2)
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        return Int64(digits, radix: radix)
    }
}
