import Base
import Glibc

/// Times for people, in the time zone of this machine. Programs read the exact ones with --json.
enum LocalTime {
    /// `2026-12-01 19:48`; `-` for none. What is no time of the service is returned as it is.
    static func text(_ time: String?) -> String {
        time.map { format($0, "%Y-%m-%d %H:%M") } ?? "-"
    }

    /// `2026-12-01 19:48:42`.
    static func exact(_ time: String) -> String {
        format(time, "%Y-%m-%d %H:%M:%S")
    }

    private static func format(_ text: String, _ pattern: String) -> String {
        guard let time = Timestamp(rfc3339: text) else { return text }
        var seconds = time_t((Double(time.microseconds) / 1_000_000).rounded(.down))
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return text }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, pattern, &parts)
            return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : text
        }
    }

    /// How long something took: `320 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`; `-` where it has not ended.
    static func between(_ start: String?, _ end: String?) -> String {
        guard let start = start.flatMap(Timestamp.init(rfc3339:)), let end = end.flatMap(Timestamp.init(rfc3339:)), end >= start
        else { return "-" }
        let (microseconds, isTooLong) = end.microseconds.subtractingReportingOverflow(start.microseconds)
        if isTooLong { return "-" }
        if microseconds < 1_000_000 { return "\(microseconds / 1000) ms" }
        let seconds = microseconds / 1_000_000
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }
}
