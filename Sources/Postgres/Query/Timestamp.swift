/// A point in time, in microseconds since 1970-01-01 UTC, and its ISO text as PostgreSQL reads and writes it.
struct Timestamp: Hashable {
    var microsecondsSinceEpoch: Int64

    init(microsecondsSinceEpoch: Int64) {
        self.microsecondsSinceEpoch = microsecondsSinceEpoch
    }

    var text: String {
        let day = 86_400_000_000 as Int64
        let days = microsecondsSinceEpoch.dividingFloored(by: day)
        var rest = microsecondsSinceEpoch - days * day
        let (year, month, dayOfMonth) = Self.civil(days: days)
        let fraction = rest % 1_000_000
        rest /= 1_000_000
        func pad(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let time = "\(pad(rest / 3600, 2)):\(pad(rest / 60 % 60, 2)):\(pad(rest % 60, 2)).\(pad(fraction, 6))+00"
        // There is no year 0: 1 BC comes before 1 AD.
        return "\(pad(year > 0 ? year : 1 - year, 4))-\(pad(month, 2))-\(pad(dayOfMonth, 2)) \(time)\(year > 0 ? "" : " BC")"
    }

    /// Reads `2026-01-31 12:00:00.123456+00` (also with `T`, without a fraction, `Z`, and with an offset of
    /// hours, minutes and seconds). Returns `nil` for anything else, such as `infinity`.
    init?(parsing text: UnsafeBufferPointer<UInt8>) {
        var reader = TimestampReader(text: text)
        guard let year = reader.number(4...6), reader.skip("-"), let month = reader.number(2...2), reader.skip("-"),
            let day = reader.number(2...2), reader.skip(" ") || reader.skip("T"),
            let hour = reader.number(2...2), reader.skip(":"), let minute = reader.number(2...2), reader.skip(":"),
            let second = reader.number(2...2), let fraction = reader.fraction(), let offset = reader.offset(),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let isBeforeChrist = reader.skip(" ") && reader.skip("B") && reader.skip("C")
        guard reader.isAtEnd else { return nil }
        let days = Self.days(year: isBeforeChrist ? 1 - year : year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        microsecondsSinceEpoch = seconds * 1_000_000 + fraction
    }

    /// Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year.dividingFloored(by: 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse of `days(year:month:day:)`, from the same source.
    static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.dividingFloored(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func dividingFloored(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
