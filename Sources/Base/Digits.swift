/// Numbers as text of a fixed width, and hexadecimal digits.

extension BinaryInteger {
    /// The digits of a number that is not negative, with zeros in front up to `width`; a longer number is not cut.
    package func padded(to width: Int, radix: Int = 10) -> String {
        let digits = String(self, radix: radix)
        return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
    }
}

extension UInt8 {
    /// The value 0…15 of an ASCII hexadecimal digit in upper or lower case; nil for any other byte.
    package init?(hexDigit digit: UInt8) {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self = digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self = digit - UInt8(ascii: "A") + 10
        default: return nil
        }
    }

    /// The two lower-case hexadecimal digits of this byte, in ASCII.
    package var hexDigits: (high: UInt8, low: UInt8) {
        func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        return (digit(self >> 4), digit(self & 15))
    }
}
