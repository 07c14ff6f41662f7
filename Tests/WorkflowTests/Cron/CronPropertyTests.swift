import Base
import Foundation
import TestSupport
import Testing

@testable import Workflow

/// Random expressions in real zones around the changes of their clocks, against cron's own way of going through time.
@Suite struct CronPropertyTests {
    static let zones = [
        "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Moscow", "Europe/Istanbul", "America/New_York", "America/Caracas",
        "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Havana", "America/Godthab", "Australia/Lord_Howe",
        "Australia/Sydney", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Pyongyang", "Asia/Gaza", "Africa/Cairo",
        "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "UTC",
    ]

    @Test(arguments: zones) func timesAreThoseThatCronWouldFireAt(zone: String) throws {
        let seed = Seed.pick()
        var generator = SeededGenerator(seedingFrom: String(seed), zone)
        let rules = try ZoneRules(zone)
        for round in 0..<6 {
            // A moment of 1969 to 2040; then the change of the clock after it, if any, or no change.
            let moment = -31_000_000 + Int64(generator.next(below: 71 * 31_557_600))
            let change = round == 0 ? nil : rules.change(after: moment, through: moment + 3 * 31_557_600)
            let start = ((change ?? moment) - 36 * 3_600).dividingDown(by: 60) * 60
            let end = start + 3 * 86_400
            let example = RandomCron(&generator)
            let schedule = CronSchedule(try CronExpression(example.text), in: rules)
            var found: [Int64] = []
            var date = Date(timeIntervalSince1970: Double(start))
            while let next = schedule.next(after: date), next.timeIntervalSince1970 <= Double(end) {
                found.append(Int64(next.timeIntervalSince1970))
                date = next
            }
            let expected = example.walk(zone, from: start, through: end)
            #expect(found == expected, "seed \(seed): \(example.text) in \(zone) from \(Cron.text(Date(timeIntervalSince1970: Double(start))))")
        }
    }
}

/// An expression with what it means, and how cron(8) goes through time with it, minute by minute.
struct RandomCron {
    let text: String
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let days: Set<Int>
    private let weekdays: Set<Int>
    private let anyDay: Bool
    private let anyWeekday: Bool
    private let isInterval: Bool

    init(_ generator: inout SeededGenerator) {
        func field(_ range: ClosedRange<Int>, stars: UInt64, _ generator: inout SeededGenerator) -> (String, Set<Int>, Bool) {
            if generator.next(below: 10) < stars {
                let step = 1 + Int(generator.next(below: 12))
                let all = stride(from: range.lowerBound, through: range.upperBound, by: step)
                return (step == 1 ? "*" : "*/\(min(step, range.upperBound))",
                        Set(step <= range.upperBound ? all : stride(from: range.lowerBound, through: range.upperBound, by: range.upperBound)), true)
            }
            let count = 1 + Int(generator.next(below: 3))
            let values = (0..<count).map { _ in range.lowerBound + Int(generator.next(below: UInt64(range.count))) }
            return (values.map(String.init).joined(separator: ","), Set(values), false)
        }
        let minute = field(0...59, stars: 4, &generator)
        // Most changes come in the small hours.
        let hour = generator.next(below: 2) == 0 ? field(0...4, stars: 0, &generator) : field(0...23, stars: 6, &generator)
        let day = field(1...31, stars: 9, &generator)
        let weekday = field(0...6, stars: 9, &generator)
        text = "\(minute.0) \(hour.0) \(day.0) * \(weekday.0)"
        (minutes, hours, days, weekdays) = (minute.1, hour.1, day.1, weekday.1)
        (anyDay, anyWeekday, isInterval) = (day.2, weekday.2, minute.2 || hour.2)
    }

    private static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    /// A minute of the clock on the wall, as if it were UTC.
    private func fits(_ minute: Int64) -> Bool {
        let parts = Self.utc.dateComponents([.day, .hour, .minute, .weekday], from: Date(timeIntervalSince1970: Double(minute * 60)))
        guard let day = parts.day, let hour = parts.hour, let ofHour = parts.minute, let weekday = parts.weekday else { return false }
        let (byDay, byWeekday) = (days.contains(day), weekdays.contains(weekday - 1))
        return minutes.contains(ofHour) && hours.contains(hour)
            && (anyDay || anyWeekday ? byDay && byWeekday : byDay || byWeekday)
    }

    /// The main loop of Vixie's cron (cron.c, "wakeupKind"): it wakes each minute, and its virtual time follows the clock.
    /// Where the clock goes forward by less than three hours, the minutes between are gone through for jobs with fixed
    /// times; where it goes back by less, these jobs wait until the clock has caught up.
    func walk(_ zone: String, from start: Int64, through end: Int64) -> [Int64] {
        guard let zone = TimeZone(identifier: zone) else { return [] }
        var times: [Int64] = []
        func clock(_ instant: Int64) -> Int64 {
            (instant + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))) / 60
        }
        var virtual = clock(start - 12 * 3_600) - 1
        for instant in stride(from: start - 12 * 3_600, through: end, by: 60) {
            let now = clock(instant)
            let difference = now - virtual
            let fires: Bool
            switch difference {
            case 1:
                fires = fits(now)
                virtual = now
            case 2..<181:
                fires = isInterval ? fits(now) : (virtual + 1...now).contains(where: fits)
                virtual = now
            case -178...0:
                fires = isInterval && fits(now)
            default:
                fires = fits(now)
                virtual = now
            }
            if fires, instant > start { times.append(instant) }
        }
        return times
    }
}
