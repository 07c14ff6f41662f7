import Base
import Foundation
import Testing

@Suite("Timestamp")
struct TimestampTests {
    private func postgres(_ text: String) -> Timestamp? {
        var text = text
        return text.withUTF8 { Timestamp(postgresText: $0) }
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000000Z"), (1_769_860_800.123456, "2026-01-31T12:00:00.123456Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (-0.000001, "1969-12-31T23:59:59.999999Z"),
        (4_107_542_399.5, "2100-02-28T23:59:59.500000Z"),
    ])
    func theFormOfTheAPI(_ seconds: Double, _ text: String) throws {
        #expect(Timestamp(Date(timeIntervalSince1970: seconds)).text == text)
        let read = try #require(Timestamp(rfc3339: text))
        #expect(read.text == text)
        #expect(read.date == Date(timeIntervalSince1970: seconds))
    }

    @Test func readsOffsetsFractionsAndLeapSeconds() {
        let noon = Timestamp(rfc3339: "2026-01-31T12:00:00Z")
        #expect(noon == Timestamp(microseconds: 1_769_860_800_000_000))
        #expect(Timestamp(rfc3339: "2026-01-31t14:30:00+02:30") == noon)
        #expect(Timestamp(rfc3339: "2026-01-31T12:00:00.1239999-00:00")?.text == "2026-01-31T12:00:00.123999Z")
        #expect(Timestamp(rfc3339: "2026-01-31T12:00:00.5z")?.text == "2026-01-31T12:00:00.500000Z")
        #expect(Timestamp(rfc3339: "2016-12-31T23:59:60Z") == Timestamp(rfc3339: "2017-01-01T00:00:00Z"))
    }

    @Test(arguments: [
        "", "2026-01-31", "2026-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00+0100", "2026-01-31T12:00:00Zx", "26-01-31T12:00:00Z",
    ])
    func refusesWhatIsNotRFC3339(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func readsFullDates() {
        #expect(Timestamp.days(fullDate: "1970-01-02") == 1)
        #expect(Timestamp.days(fullDate: "2000-02-29") == 11_016)
        for text in ["2001-02-29", "1900-02-29", "2026-04-31", "2026-1-1", "2026-01-01Z", ""] {
            #expect(Timestamp.days(fullDate: text) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("1970-01-01 00:00:00+00", 0), ("1970-01-01T00:00:00Z", 0), ("1969-12-31 23:59:59.999999+00", -1),
        ("2026-01-31 12:00:00.1234+00", 1_769_860_800_123_400), ("2000-02-29 00:00:00+05:30", 951_762_600_000_000),
        ("1900-01-01 00:00:00-00:00:10", -2_208_988_790_000_000),
        ("0001-01-01 00:00:00+00 BC", -62_167_219_200_000_000),
    ])
    func theFormOfPostgreSQL(text: String, microseconds: Int64) {
        #expect(postgres(text)?.microseconds == microseconds)
        let written = Timestamp(microseconds: microseconds).postgresText
        #expect(postgres(written)?.microseconds == microseconds, "\(written)")
    }

    @Test(arguments: [
        "", "infinity", "2026-13-01 00:00:00+00", "2026-01-01", "2026-01-01 00:00:00+00x", "2026-1-1 0:0:0",
        // PostgreSQL's last one, which is out of range here.
        "294276-12-31 23:59:59.999999+00", "999999-12-31 23:59:59+00",
    ])
    func refusesWhatPostgreSQLDoesNotWriteOrIsOutOfRange(text: String) {
        #expect(postgres(text) == nil)
    }

    @Test func theCalendarGoesThereAndBack() {
        for days in stride(from: -800_000 as Int64, through: 800_000, by: 97) {
            let (year, month, day) = Timestamp.civil(days: days)
            #expect(Timestamp.days(year: year, month: month, day: day) == days)
        }
        #expect(Timestamp.days(year: 2000, month: 2, day: 30) == Timestamp.days(year: 2000, month: 3, day: 1))
    }

    @Test(arguments: [Int64.min, -1, 0, .max]) func extremesNeverTrap(number: Int64) {
        _ = Timestamp.civil(days: number)
        _ = Timestamp.days(year: number, month: number, day: number)
        let instant = Timestamp(microseconds: number)
        #expect(Timestamp(rfc3339: instant.text) != nil)
        // The first and the last microseconds may be refused, as parts of a day that is out of range.
        _ = postgres(instant.postgresText)
    }

    @Test func datesOutOfRangeBecomeTheNearestTimeWithin() {
        #expect(Timestamp(Date(timeIntervalSince1970: 1e300)).microseconds == .max)
        #expect(Timestamp(Date(timeIntervalSince1970: -.infinity)).microseconds == .min)
        #expect(Timestamp(microseconds: .max).text == "9999-12-31T23:59:59.999999Z")
        #expect(Timestamp(microseconds: .min).text == "0001-01-01T00:00:00.000000Z")
    }
}
