import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How long a server asks to be left alone (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// A server that asks for more is not believed.
    static let longest = Duration.seconds(86_400)

    /// The wait that the headers ask for, 0…1 day, or nil when they ask for none.
    ///
    /// - Parameter now: seconds since 1970, against which a date is measured.
    static func duration(in headers: HTTPHeaders, now: Double = Date().timeIntervalSince1970) -> Duration? {
        // Not standard, but what OpenAI and Azure send beside it, and finer.
        if let text = headers.first(name: "retry-after-ms"), let milliseconds = Double(text) {
            return bounded(seconds: milliseconds / 1_000)
        }
        guard let text = headers.first(name: "retry-after") else { return nil }
        if let seconds = Double(text) { return bounded(seconds: seconds) }
        return HTTPDate.secondsSince1970(text).flatMap { bounded(seconds: Double($0) - now) }
    }

    private static func bounded(seconds: Double) -> Duration? {
        guard seconds.isFinite else { return nil }
        guard seconds < 86_400 else { return longest }
        return .seconds(max(0, seconds))
    }
}
