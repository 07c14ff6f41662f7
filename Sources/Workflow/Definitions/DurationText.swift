/// The notation of durations in definitions and settings: `500ms 30s 10m 2h 3d`.
package enum DurationText {
    /// The limit: 3,650 days.
    package static let max: Duration = .seconds(3_650 * 86_400)

    /// Nil unless the text is a whole number and one unit of `ms s m h d`, at most `max`.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        guard let number = Int64(digits), let unit = milliseconds[String(text[digits.endIndex...])] else { return nil }
        let (total, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, .milliseconds(total) <= max else { return nil }
        return .milliseconds(total)
    }

    /// The shortest text that `parse` reads as the same duration; parts below a millisecond are dropped.
    package static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let total = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        for (name, unit) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] as [(String, Int64)]
        where total != 0 && total.isMultiple(of: unit) {
            return "\(total / unit)\(name)"
        }
        return "\(total)ms"
    }

    private static let milliseconds: [String: Int64] = [
        "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
}
