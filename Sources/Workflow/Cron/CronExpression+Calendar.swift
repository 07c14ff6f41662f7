extension CronExpression {
    /// How far ahead is looked: 29 February on a given weekday may come 40 years later (across a year such as 2100).
    private static let horizonInDays: Int64 = 50 * 366

    /// The first fitting minute that begins at or after a local time; nil when none is near.
    ///
    /// Both are in seconds since 1970-01-01 00:00 as the clock on the wall shows them, in the Gregorian calendar.
    func firstLocalTime(from local: Int64) -> Int64? {
        let minute = (local + 59).dividingDown(by: 60)
        var day = minute.dividingDown(by: 1_440)
        var minuteOfDay = Int(minute - day * 1_440)
        let horizon = day + Self.horizonInDays
        while day <= horizon {
            let (year, month, dayOfMonth) = Timestamp.civil(fromDays: day)
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
