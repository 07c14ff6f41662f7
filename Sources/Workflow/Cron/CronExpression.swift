/// When a schedule fires, in the local time of some zone: five fields as in crontab(5), or a word such as `@daily`.
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
    /// Whether it names times of the day, as opposed to an interval: neither the minute nor the hour begins with `*`.
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
