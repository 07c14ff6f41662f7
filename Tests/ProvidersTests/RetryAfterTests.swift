import NIOHTTP1
import Testing

@testable import Providers

@Suite("Retry-After")
struct RetryAfterTests {
    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    private static let example = 784_111_777.0

    @Test("reads the three forms of a date",
        arguments: ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
    func dates(text: String) {
        #expect(HTTPDate.secondsSince1970(text) == Int64(Self.example))
        #expect(RetryAfter.duration(in: ["retry-after": text], now: Self.example - 90) == .seconds(90))
        #expect(RetryAfter.duration(in: ["retry-after": text], now: Self.example + 90) == .zero)
    }

    @Test("knows the calendar", arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 4_133_980_799), ("Wed, 01 Mar 2028 00:00:00 GMT", 1_835_481_600),
    ] as [(String, Int64)])
    func calendar(text: String, seconds: Int64) {
        #expect(HTTPDate.secondsSince1970(text) == seconds)
    }

    @Test("refuses what is no date", arguments: [
        "", "soon", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:00:00 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
    ])
    func noDates(text: String) {
        #expect(HTTPDate.secondsSince1970(text) == nil)
        #expect(RetryAfter.duration(in: ["retry-after": text]) == nil)
    }

    @Test("reads seconds and milliseconds, and believes no more than a day", arguments: [
        ("7", nil, .seconds(7)), ("1.5", nil, .milliseconds(1_500)), ("0", nil, .zero), ("-3", nil, .zero),
        ("1e300", nil, .seconds(86_400)), ("2", "250", .milliseconds(250)),
    ] as [(String, String?, Duration)])
    func numbers(seconds: String, milliseconds: String?, duration: Duration) {
        var headers: HTTPHeaders = ["retry-after": seconds]
        if let milliseconds { headers.add(name: "retry-after-ms", value: milliseconds) }
        #expect(RetryAfter.duration(in: headers) == duration)
    }

    @Test("is nothing without a readable header", arguments: [HTTPHeaders(), ["retry-after": "nan"], ["retry-after": "inf"]])
    func nothing(headers: HTTPHeaders) {
        #expect(RetryAfter.duration(in: headers) == nil)
    }
}
