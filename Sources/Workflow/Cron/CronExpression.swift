import Base

/// The times of a schedule, in the local time of some zone: five fields as in crontab(5), or a word such as `@daily`.
///
/// A field is `*`, a number, a range `1-5`, a step `*/15` or `10-40/10`, or several of these with commas between them.
/// Months and weekdays have names (`jan`, `mon`), in either case. Where both the day of month and the day of week are
/// restricted, that is, neither begins with `*`, either is enough; else both must fit (crontab(5), "Note: The day of a
/// command's execution").
package struct CronExpression: Sendable, Hashable {
    package let text: String
    let minutes: CronSet
    let hours: CronSet
    let days: CronSet
    let months: CronSet
    let weekdays: CronSet
    /// Whether one of `days` and `weekdays` is enough.
    let eitherDay: Bool
    /// Whether it names times of the day and not an interval: neither the minute nor the hour begins with `*`.
    /// A change of the clock treats the two differently; see `CronSchedule`.
    package let isFixed: Bool

    /// - Throws: `CronProblem` for the first mistake; also for days that no year has, such as 30 February.
    package init(_ text: String) throws(CronProblem) {
        var parser = CronParser(text)
        let fields = try parser.parse()
        self.text = text
        minutes = fields[.minute].set
        hours = fields[.hour].set
        days = fields[.dayOfMonth].set
        months = fields[.month].set
        weekdays = fields[.dayOfWeek].set
        eitherDay = !fields[.dayOfMonth].beginsWithStar && !fields[.dayOfWeek].beginsWithStar
        isFixed = !fields[.minute].beginsWithStar && !fields[.hour].beginsWithStar
        guard eitherDay || hasSomeDay else {
            throw CronProblem(field: .dayOfMonth, position: nil, detail: "names no day that its months have")
        }
    }

    private var hasSomeDay: Bool {
        let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains { month in
            months.contains(month) && days.next(from: 1).map { $0 <= longest[month - 1] } ?? false
        }
    }
}

extension CronExpression {
    /// The limit of the search: 29 February on a given weekday may come 40 years later (across a year such as 2100).
    private static let horizonInDays: Int64 = 50 * 366

    /// The first fitting minute that begins at or after a local time; nil when none is near.
    ///
    /// Both are in seconds since 1970-01-01 00:00 of the local clock, in the Gregorian calendar.
    func firstLocalTime(from local: Int64) -> Int64? {
        let minute = (local + 59).dividingDown(by: 60)
        var day = minute.dividingDown(by: 1_440)
        var minuteOfDay = Int(minute - day * 1_440)
        let horizon = day + Self.horizonInDays
        while day <= horizon {
            let (year, month, dayOfMonth) = Timestamp.civil(days: day)
            guard months.contains(Int(month)) else {
                day = month == 12 ? Timestamp.days(year: year + 1, month: 1, day: 1)
                    : Timestamp.days(year: year, month: month + 1, day: 1)
                minuteOfDay = 0
                continue
            }
            if fits(dayOfMonth: Int(dayOfMonth), day: day), let found = firstMinute(from: minuteOfDay) {
                return (day * 1_440 + Int64(found)) * 60
            }
            day += 1
            minuteOfDay = 0
        }
        return nil
    }

    private func fits(dayOfMonth: Int, day: Int64) -> Bool {
        // 1970-01-01 was a Thursday.
        let weekday = Int(day + 4 - (day + 4).dividingDown(by: 7) * 7)
        let (byMonth, byWeek) = (days.contains(dayOfMonth), weekdays.contains(weekday))
        return eitherDay ? byMonth || byWeek : byMonth && byWeek
    }

    private func firstMinute(from minuteOfDay: Int) -> Int? {
        let (hour, minute) = (minuteOfDay / 60, minuteOfDay % 60)
        if hours.contains(hour), let found = minutes.next(from: minute) { return hour * 60 + found }
        guard let next = hours.next(from: hour + 1), let first = minutes.next(from: 0) else { return nil }
        return next * 60 + first
    }
}

extension Int64 {
    func dividingDown(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}

/// Small numbers, 0 to 63.
struct CronSet: Sendable, Hashable {
    private var bits: UInt64 = 0

    mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }
    mutating func remove(_ value: Int) { bits &= ~(1 << UInt64(value)) }
    mutating func formUnion(_ other: CronSet) { bits |= other.bits }
    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    /// The least element that is not below `value`, which is at most 63.
    func next(from value: Int) -> Int? {
        let rest = bits >> UInt64(value)
        return rest == 0 ? nil : value + rest.trailingZeroBitCount
    }
}
