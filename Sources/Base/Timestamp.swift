package import Foundation

/// A point in time in whole microseconds, which is what PostgreSQL keeps, and its text forms.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Since 1970-01-01T00:00:00Z; the range of the type reaches from the year −290,308 to 294,247.
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Rounds to the nearest microsecond; a date that is out of range becomes the nearest one within.
    package init(_ date: Date) {
        let value = (date.timeIntervalSince1970 * 1_000_000).rounded()
        microseconds = Int64(exactly: value) ?? (value > 0 ? .max : .min)
    }

    /// To the precision of a `Date`, which is exact to the microsecond in the years 1901 to 2099.
    package var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }
}

// MARK: The API's form

extension Timestamp {
    /// What `text` can write: the years 0001 to 9999.
    package static let textRange =
        Timestamp(microseconds: -62_135_596_800_000_000)...Timestamp(microseconds: 253_402_300_799_999_999)

    /// ISO 8601 in UTC with microseconds, `2026-01-31T12:00:00.123456Z`; outside of `textRange` the nearest time within.
    package var text: String {
        let instant = min(max(self, Self.textRange.lowerBound), Self.textRange.upperBound)
        let (date, time) = instant.parts
        return "\(Self.isoDate(date.year, date))T\(time)Z"
    }

    /// Reads RFC 3339's `date-time`, with any offset, a fraction of any length (cut at microseconds) and the leap second
    /// :60; nil for anything else.
    package init?(rfc3339 text: String) {
        var text = text
        let microseconds: Int64? = text.withUTF8 { bytes in
            var reader = Reader(bytes)
            guard let days = reader.fullDate(), reader.skip("T") || reader.skip("t"), let time = reader.timeOfDay(),
                let offset = reader.requiredOffset(), reader.isAtEnd
            else { return nil }
            return (days * 86_400 - offset) * 1_000_000 + time
        }
        guard let microseconds else { return nil }
        self.microseconds = microseconds
    }

    /// What a request must write.
    package static let expectation = "must be a date and time such as 2026-01-31T12:00:00Z"

    /// The `text` of a point in time in RFC 3339; nil for anything else and for years outside 0001…9999.
    package static func normalized(_ text: String) -> String? {
        guard text.utf8.count <= 64, let time = Timestamp(rfc3339: text), textRange.contains(time) else { return nil }
        return time.text
    }

    /// The day of RFC 3339's `full-date`, `2026-01-31`, counted from 1970-01-01; nil for anything else.
    package static func days(fullDate text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            var reader = Reader(bytes)
            return reader.fullDate().flatMap { reader.isAtEnd ? $0 : nil }
        }
    }
}

// MARK: PostgreSQL's form

extension Timestamp {
    /// A `timestamptz` in UTC as PostgreSQL writes it with `DateStyle` ISO, `2026-01-31 12:00:00.123456+00`.
    package var postgresText: String {
        let (date, time) = parts
        // There is no year 0: 1 BC comes before 1 AD.
        let year = date.year > 0 ? date.year : 1 - date.year
        return "\(Self.isoDate(year, date)) \(time)+00\(date.year > 0 ? "" : " BC")"
    }

    /// Reads `2026-01-31 12:00:00.123456+00`: also with `T`, without a fraction, without an offset or with `Z`, with an
    /// offset of hours, minutes and seconds, and with ` BC`. Returns nil for anything else, such as `infinity`, and for
    /// what is out of range.
    package init?(postgresText text: UnsafeBufferPointer<UInt8>) {
        var reader = Reader(text)
        guard let year = reader.number(4...6), reader.skip("-"), let month = reader.number(2...2), reader.skip("-"),
            let day = reader.number(2...2), reader.skip(" ") || reader.skip("T"), (1...12).contains(month),
            (1...31).contains(day), let time = reader.timeOfDay(), let offset = reader.optionalOffset()
        else { return nil }
        let isBeforeChrist = reader.skip(" ") && reader.skip("B") && reader.skip("C")
        guard reader.isAtEnd else { return nil }
        let days = Self.days(year: isBeforeChrist ? 1 - year : year, month: month, day: day)
        let (product, overflow) = (days * 86_400 - offset).multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = product.addingReportingOverflow(time)
        guard !overflow, !carry else { return nil }
        microseconds = sum
    }
}

// MARK: The calendar

extension Timestamp {
    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", days_from_civil).
    ///
    /// - Parameters:
    ///   - year: −1,000,000…1,000,000; here and below, the nearest value within the range counts for one outside.
    ///   - month: 1…12.
    ///   - day: 1…31; a day after the month's last one counts on into the next month.
    package static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let month = min(max(month, 1), 12)
        let day = min(max(day, 1), 31)
        let year = min(max(year, -1_000_000), 1_000_000) - (month <= 2 ? 1 : 0)
        let (era, yearOfEra) = year.dividedDown(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date of a day counted from 1970-01-01: the inverse, civil_from_days of the same source.
    ///
    /// - Parameter days: within a million years.
    package static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (min(max(days, -366_000_000), 366_000_000) + 719_468).dividedDown(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The days of a month, 28…31.
    fileprivate static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The date, and the time of day as `12:00:00.123456`, in UTC.
    private var parts: (date: (year: Int64, month: Int64, day: Int64), time: String) {
        let (days, rest) = microseconds.dividedDown(by: 86_400_000_000)
        let seconds = rest / 1_000_000
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { $0.padded(to: 2) }.joined(separator: ":")
        return (Self.civil(days: days), "\(clock).\((rest % 1_000_000).padded(to: 6))")
    }

    private static func isoDate(_ year: Int64, _ date: (year: Int64, month: Int64, day: Int64)) -> String {
        "\(year.padded(to: 4))-\(date.month.padded(to: 2))-\(date.day.padded(to: 2))"
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity, with a remainder that is not negative. The divisor is above 0.
    package func dividedDown(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Reads the parts of an ISO timestamp from left to right.
private struct Reader {
    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    var isAtEnd: Bool { position == text.count }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    /// A number whose count of digits lies in `width`, which is at most 18.
    mutating func number(_ width: ClosedRange<Int>) -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while digits < width.upperBound, let digit = digit() {
            value = value * 10 + digit
            digits += 1
        }
        return width.contains(digits) ? value : nil
    }

    /// `2026-01-31`, a day that exists, counted from 1970-01-01.
    mutating func fullDate() -> Int64? {
        guard let year = number(4...4), skip("-"), let month = number(2...2), skip("-"), let day = number(2...2),
            (1...12).contains(month), (1...Timestamp.length(ofMonth: month, year: year)).contains(day)
        else { return nil }
        return Timestamp.days(year: year, month: month, day: day)
    }

    /// `12:00:00` with or without a fraction, in microseconds. Hours end at 23, minutes at 59, seconds at 60.
    mutating func timeOfDay() -> Int64? {
        guard let hour = number(2...2), skip(":"), let minute = number(2...2), skip(":"), let second = number(2...2),
            hour < 24, minute < 60, second <= 60, let fraction = fraction()
        else { return nil }
        return (hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction
    }

    /// A fraction of a second in microseconds, cut there; 0 when there is none.
    private mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        var value: Int64 = 0
        var digits = 0
        while let digit = digit() {
            if digits < 6 { value = value * 10 + digit }
            digits += 1
        }
        guard digits > 0 else { return nil }
        for _ in 0..<max(0, 6 - digits) { value *= 10 }
        return value
    }

    /// RFC 3339's offset from UTC in seconds: `Z`, or a sign, hours and minutes.
    mutating func requiredOffset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        guard let sign = sign(), let hours = number(2...2), skip(":"), let minutes = number(2...2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    /// PostgreSQL's offset from UTC in seconds: hours, and with colons minutes and seconds; 0 when there is none.
    mutating func optionalOffset() -> Int64? {
        if skip("Z") { return 0 }
        guard let sign = sign() else { return 0 }
        guard let hours = number(2...2) else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] as [Int64] where skip(":") {
            guard let value = number(2...2) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    private mutating func sign() -> Int64? {
        skip("+") ? 1 : skip("-") ? -1 : nil
    }

    private mutating func digit() -> Int64? {
        guard position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) else { return nil }
        defer { position += 1 }
        return Int64(text[position] - UInt8(ascii: "0"))
    }
}
