import Workflow

/// The `traceparent` header of a model call (W3C Trace Context, section 3.2).
enum TraceParent {
    /// A header that continues the trace of an execution context with a new span for this attempt.
    ///
    /// A trace id that is not 32 hexadecimal digits (dashes aside) is hashed into some, always the same.
    static func header(traceID: String) -> String {
        var system = SystemRandomNumberGenerator()
        return "00-\(normalized(traceID))-\(hex(UInt64.random(in: 1...UInt64.max, using: &system)))-01"
    }

    static func normalized(_ traceID: String) -> String {
        let digits = traceID.lowercased().filter { $0 != "-" }
        if digits.utf8.count == 32, digits.utf8.allSatisfy(isHexDigit), digits.contains(where: { $0 != "0" }) {
            return digits
        }
        var generator = SeededGenerator(seedingFrom: "trace", traceID)
        // All zeros are forbidden, so the last digits are at least 1.
        return hex(generator.next()) + hex(max(1, generator.next()))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
