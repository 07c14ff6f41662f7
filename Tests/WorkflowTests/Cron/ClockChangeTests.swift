import Testing

@testable import Workflow

/// The table of docs/schedules.md, with real zones. Times are in UTC.
@Suite struct ClockChangeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let cron: String
        let zone: String
        let after: String
        let times: [String]

        var testDescription: String { "\(name): \(cron) in \(zone)" }
    }

    static let cases: [Case] = [
        // Europe/Berlin, 2026-03-29: 02:00 CET is followed by 03:00 CEST, at 01:00 UTC.
        .init(name: "a time in the gap comes at its end", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T00:00",
              times: ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]),
        .init(name: "several times in the gap come together", cron: "0,15,59 2 * * *", zone: "Europe/Berlin",
              after: "2026-03-28T12:00", times: ["2026-03-29T01:00Z", "2026-03-30T00:00Z", "2026-03-30T00:15Z"]),
        .init(name: "with the time at the end of the gap", cron: "0 2,3 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00",
              times: ["2026-03-29T01:00Z", "2026-03-30T00:00Z", "2026-03-30T01:00Z"]),
        .init(name: "a time before the gap", cron: "59 1 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00",
              times: ["2026-03-29T00:59Z", "2026-03-29T23:59Z"]),
        .init(name: "the time at which the gap ends", cron: "0 3 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00",
              times: ["2026-03-29T01:00Z", "2026-03-30T01:00Z"]),
        .init(name: "asked in the second of the change", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-29T01:00",
              times: ["2026-03-30T00:30Z"]),
        .init(name: "a weekly time in the gap", cron: "30 2 * * sun", zone: "Europe/Berlin", after: "2026-03-28T12:00",
              times: ["2026-03-29T01:00Z", "2026-04-05T00:30Z"]),
        .init(name: "an interval goes on over the gap", cron: "*/15 * * * *", zone: "Europe/Berlin", after: "2026-03-29T00:30",
              times: ["2026-03-29T00:45Z", "2026-03-29T01:00Z", "2026-03-29T01:15Z"]),
        .init(name: "every hour over the gap", cron: "20 * * * *", zone: "Europe/Berlin", after: "2026-03-28T23:30",
              times: ["2026-03-29T00:20Z", "2026-03-29T01:20Z", "2026-03-29T02:20Z"]),
        .init(name: "an interval that is all in the gap", cron: "*/30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T01:00",
              times: ["2026-03-28T01:30Z", "2026-03-30T00:00Z"]),
        // Europe/Berlin, 2026-10-25: 03:00 CEST is followed by 02:00 CET, at 01:00 UTC.
        .init(name: "a time that comes twice", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00",
              times: ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]),
        .init(name: "asked between the two", cron: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-25T01:10",
              times: ["2026-10-26T01:30Z"]),
        .init(name: "before, in and after the repeated hour", cron: "30 1-3 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00",
              times: ["2026-10-24T23:30Z", "2026-10-25T00:30Z", "2026-10-25T02:30Z", "2026-10-26T00:30Z"]),
        .init(name: "the time at which the repetition ends", cron: "0 3 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00",
              times: ["2026-10-25T02:00Z", "2026-10-26T02:00Z"]),
        .init(name: "the time at which the repetition begins", cron: "0 2 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00",
              times: ["2026-10-25T00:00Z", "2026-10-26T01:00Z"]),
        .init(name: "an interval goes on through both", cron: "*/30 * * * *", zone: "Europe/Berlin", after: "2026-10-24T23:40",
              times: ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"]),
        .init(name: "every hour, both times", cron: "@hourly", zone: "Europe/Berlin", after: "2026-10-24T23:00",
              times: ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]),
        // America/New_York: 2026-03-08 at 07:00 UTC, 2026-11-01 at 06:00 UTC.
        .init(name: "the gap", cron: "30 2 * * *", zone: "America/New_York", after: "2026-03-07T12:00",
              times: ["2026-03-08T07:00Z", "2026-03-09T06:30Z"]),
        .init(name: "the repeated hour", cron: "30 1 * * *", zone: "America/New_York", after: "2026-10-31T12:00",
              times: ["2026-11-01T05:30Z", "2026-11-02T06:30Z"]),
        .init(name: "working days at nine", cron: "0 9 * * mon-fri", zone: "America/New_York", after: "2026-03-06T12:00",
              times: ["2026-03-06T14:00Z", "2026-03-09T13:00Z"]),
        // Australia/Lord_Howe, half an hour: 2026-04-05 02:00 +11 → 01:30 +10:30; 2026-10-04 02:00 +10:30 → 02:30 +11.
        .init(name: "a gap of half an hour", cron: "15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-02T00:00",
              times: ["2026-10-02T15:45Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z"]),
        .init(name: "half an hour twice", cron: "45 1 * * *", zone: "Australia/Lord_Howe", after: "2026-04-04T00:00",
              times: ["2026-04-04T14:45Z", "2026-04-05T15:15Z"]),
        .init(name: "before the half hour", cron: "15 1 * * *", zone: "Australia/Lord_Howe", after: "2026-04-04T00:00",
              times: ["2026-04-04T14:15Z", "2026-04-05T14:45Z"]),
        .init(name: "at half past, both times", cron: "30 * * * *", zone: "Australia/Lord_Howe", after: "2026-04-04T14:00",
              times: ["2026-04-04T14:30Z", "2026-04-04T15:00Z", "2026-04-04T16:00Z"]),
        // Antarctica/Troll, two hours: 2026-03-29 01:00 +00 → 03:00 +02.
        .init(name: "a gap of two hours", cron: "30 1,2 * * *", zone: "Antarctica/Troll", after: "2026-03-28T12:00",
              times: ["2026-03-29T01:00Z", "2026-03-29T23:30Z", "2026-03-30T00:30Z"]),
        // No daylight saving.
        .init(name: "half an hour off", cron: "30 5 * * *", zone: "Asia/Kolkata", after: "2026-03-28T12:00",
              times: ["2026-03-29T00:00Z", "2026-03-30T00:00Z"]),
        .init(name: "no changes", cron: "30 2 * * *", zone: "UTC", after: "2026-03-28T12:00",
              times: ["2026-03-29T02:30Z", "2026-03-30T02:30Z"]),
        // Africa/Casablanca leaves +01 for Ramadan: 2026-02-15 03:00 → 02:00, 2026-03-22 02:00 → 03:00.
        .init(name: "clocks that go back in February", cron: "30 2 * * *", zone: "Africa/Casablanca", after: "2026-02-14T12:00",
              times: ["2026-02-15T01:30Z", "2026-02-16T02:30Z"]),
        // Changes of the standard time: Moscow 2014-10-26 02:00 +04 → 01:00 +03, Caracas 2007-12-09 03:00 −04 → 02:30 −04:30.
        .init(name: "a new standard time", cron: "30 1 * * *", zone: "Europe/Moscow", after: "2014-10-25T12:00",
              times: ["2014-10-25T21:30Z", "2014-10-26T22:30Z"]),
        .init(name: "a new standard time of half an hour", cron: "45 2 * * *", zone: "America/Caracas", after: "2007-12-08T12:00",
              times: ["2007-12-09T06:45Z", "2007-12-10T07:15Z"]),
        // Liberia was 44 minutes and 30 seconds behind until 1972-01-07.
        .init(name: "an offset with seconds", cron: "0 12 * * *", zone: "Africa/Monrovia", after: "1972-01-05T18:00",
              times: ["1972-01-06T12:44:30Z", "1972-01-07T12:00Z"]),
        // Pacific/Apia had no 2011-12-30: 24 hours are no daylight saving, and what that day was to bring does not come.
        .init(name: "a day that did not exist", cron: "0 9 * * *", zone: "Pacific/Apia", after: "2011-12-29T12:00",
              times: ["2011-12-29T19:00Z", "2011-12-30T19:00Z"]),
        .init(name: "a date that did not exist", cron: "0 0 30 12 *", zone: "Pacific/Apia", after: "2011-12-29T00:00",
              times: ["2012-12-29T10:00Z"]),
        .init(name: "every hour over the date line", cron: "@hourly", zone: "Pacific/Apia", after: "2011-12-30T08:30",
              times: ["2011-12-30T09:00Z", "2011-12-30T10:00Z", "2011-12-30T11:00Z"]),
        // Kwajalein had most of 1969-09-30 twice.
        .init(name: "a day that came twice", cron: "0 9 * * *", zone: "Pacific/Kwajalein", after: "1969-09-29T12:00",
              times: ["1969-09-29T22:00Z", "1969-09-30T21:00Z", "1969-10-01T21:00Z"]),
    ]

    @Test(arguments: cases) func timesAreAsTheTableSays(_ example: Case) throws {
        #expect(try Cron.times(example.cron, example.zone, after: example.after, example.times.count) == example.times)
    }
}
