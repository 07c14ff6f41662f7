/// When an event was posted, inside the event: `ts=` and twenty digits, nanoseconds of the monotonic clock.
enum TimeMark {
    static let digitCount = 20

    /// The body of a post, as long as asked for (at least 64 bytes); the mark's digits are still zeros.
    static func body(size: Int) -> String {
        let head = "{\"type\":\"custom.bench\",\"data\":{\"at\":\"ts=\(String(repeating: "0", count: digitCount))\",\"pad\":\""
        return head + String(repeating: "x", count: max(0, size - head.utf8.count - 3)) + "\"}}"
    }

    /// Where the digits stand in a request that carries such a body.
    static func digits(in request: [UInt8]) -> Range<Int> {
        guard let mark = request.firstRange(of: Array("\"ts=".utf8)) else { preconditionFailure("no mark in a request") }
        return mark.upperBound..<mark.upperBound + digitCount
    }

    static func write(_ time: UInt64, at digits: Range<Int>, to request: inout [UInt8]) {
        var rest = time
        for index in digits.reversed() {
            request[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
