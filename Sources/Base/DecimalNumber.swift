/// A decimal number as its digits and their place, for numbers that neither `Int64` nor `Double` holds.
package struct DecimalNumber: Sendable, Hashable {
    package let isNegative: Bool
    /// ASCII, without zeros at either end; empty for 0.
    package let digits: [UInt8]
    /// The value is 0.<digits> · 10^exponent; 0 for 0.
    package let exponent: Int

    /// Nil when the text is no JSON number, or its exponent has more than 9 digits.
    package init?(_ text: String) {
        var digits: [UInt8] = []
        var point: Int?
        var rest = text.utf8[...]
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        while let byte = rest.first, byte | 0x20 != UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: "."), point == nil { point = digits.count; continue }
            guard (0x30...0x39).contains(byte) else { return nil }
            digits.append(byte)
        }
        guard !digits.isEmpty else { return nil }
        var exponent = point ?? digits.count
        if !rest.isEmpty {
            rest = rest.dropFirst()
            guard rest.count <= 10, let power = Int(Substring(rest)) else { return nil }
            exponent += power
        }
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let end = digits.count - digits.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        self.digits = zeros < end ? Array(digits[zeros..<end]) : []
        self.exponent = self.digits.isEmpty ? 0 : exponent - zeros
    }

    /// How many digits the number takes without an exponent, with the zeros before or behind its own.
    package var plainCount: Int {
        max(digits.count, exponent) + max(0, -exponent)
    }

    /// Without digits behind the point.
    package var isWhole: Bool { exponent >= digits.count }

    /// Whether the shortest text of a double has the same digits.
    package func isSame(as double: Double) -> Bool {
        guard double.isFinite, double != 0 else { return double == 0 && digits.isEmpty }
        // A double tells all numbers of 15 digits apart, unless it is very small.
        if digits.count <= 15, double.isNormal { return true }
        guard digits.count <= 17, let shortest = DecimalNumber("\(double)") else { return false }
        return shortest.digits == digits && shortest.exponent == exponent
    }

    /// The same text for the same number.
    package var canonicalText: String {
        guard !digits.isEmpty else { return "0" }
        return (isNegative ? "-0." : "0.") + String(decoding: digits, as: UTF8.self) + "e\(exponent)"
    }
}
