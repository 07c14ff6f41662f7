import Base
import Foundation
import NIOHTTP1

/// How long a server asks clients to wait (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The most that is granted.
    static let max = Duration.seconds(86_400)

    /// The wait that the headers ask for, 0…1 day, or nil when they ask for none.
    ///
    /// - Parameter now: seconds since 1970, against which a date is measured.
    static func duration(in headers: HTTPHeaders, now: Double = Date().timeIntervalSince1970) -> Duration? {
        // Not in the standard: OpenAI and Azure send it too, and it is finer.
        if let text = headers.first(name: "retry-after-ms"), let milliseconds = Double(text) {
            return bounded(seconds: milliseconds / 1_000)
        }
        guard let text = headers.first(name: "retry-after") else { return nil }
        if let seconds = Double(text) { return bounded(seconds: seconds) }
        return HTTPDate.secondsSince1970(text).flatMap { bounded(seconds: Double($0) - now) }
    }

    private static func bounded(seconds: Double) -> Duration? {
        guard seconds.isFinite else { return nil }
        return seconds < 86_400 ? .seconds(Swift.max(0, seconds)) : max
    }
}

/// The three date forms of RFC 9110, section 5.6.7, as seconds since 1970.
enum HTTPDate {
    /// Seconds since 1970-01-01T00:00:00Z, or nil when `text` is none of the three forms.
    ///
    /// - Parameter text: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
    static func secondsSince1970(_ text: String) -> Int64? {
        let fields = text.split { " ,-".contains($0) }.map(String.init)
        guard fields.count >= 5 else { return nil }
        if fields.count == 6, fields[5] == "GMT" {
            return seconds(year: fields[3], month: fields[2], day: fields[1], time: fields[4])
        }
        guard fields.count == 5 else { return nil }
        return seconds(year: fields[4], month: fields[1], day: fields[2], time: fields[3])
    }

    private static let months = [
        "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
        "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
    ]

    private static func seconds(year: String, month: String, day: String, time: String) -> Int64? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
        guard var year = Int64(year), let month = months[month], let day = Int64(day), (1...31).contains(day),
            clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // Two digits: a date more than 50 years ahead means the past century (RFC 9110).
        if year < 100 { year += year < 76 ? 2000 : 1900 }
        guard (1970...9999).contains(year) else { return nil }
        return Timestamp.days(year: year, month: Int64(month), day: day) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }
}
