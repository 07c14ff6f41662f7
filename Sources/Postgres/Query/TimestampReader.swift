/// Reads the parts of an ISO timestamp from left to right.
struct TimestampReader {
    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    var isAtEnd: Bool { position == text.count }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    /// A number whose count of digits lies in `width`.
    mutating func number(_ width: ClosedRange<Int>) -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while position < text.count, digits < width.upperBound, let digit = digit(text[position]) {
            value = value * 10 + digit
            digits += 1
            position += 1
        }
        return width.contains(digits) ? value : nil
    }

    /// The fraction of a second in microseconds; 0 when there is none.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        let start = position
        guard var value = number(1...6) else { return nil }
        for _ in (position - start)..<6 { value *= 10 }
        return value
    }

    /// The offset from UTC in seconds; 0 when there is none.
    mutating func offset() -> Int64? {
        if skip("Z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return 0 }
        guard let hours = number(2...2) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] as [Int64] where skip(":") {
            guard let value = number(2...2) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    private func digit(_ byte: UInt8) -> Int64? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte - UInt8(ascii: "0")) : nil
    }
}
