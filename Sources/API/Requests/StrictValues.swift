import Base

extension String {
    /// The text without its percent encoding; nil when that is broken, not UTF-8, or has a NUL character.
    var strictlyPercentDecoded: String? {
        guard utf8.contains(UInt8(ascii: "%")) else { return utf8.contains(0) ? nil : self }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(UInt8.init(hexDigit:)), let low = rest.popFirst().flatMap(UInt8.init(hexDigit:)) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

extension [Problem] {
    /// The first problem in words, and the number of the others.
    var summary: String {
        guard let first else { return "" }
        return "\(first.pointer.isEmpty ? "it" : first.pointer) \(first.detail)" + (count > 1 ? " (and \(count - 1) more)" : "")
    }
}
