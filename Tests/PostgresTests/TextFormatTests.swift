import Foundation
@testable import Postgres
import Testing

@Suite("Text formats")
struct TextFormatTests {
    private func timestamp(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { Timestamp(parsing: $0)?.microsecondsSinceEpoch }
    }

    @Test(arguments: [
        ("1970-01-01 00:00:00+00", 0), ("1970-01-01T00:00:00Z", 0), ("1969-12-31 23:59:59.999999+00", -1),
        ("2026-01-31 12:00:00.1234+00", 1_769_860_800_123_400), ("2000-02-29 00:00:00+05:30", 951_762_600_000_000),
        ("1900-01-01 00:00:00-00:00:10", -2_208_988_790_000_000),
        ("0001-01-01 00:00:00+00 BC", -62_167_219_200_000_000),
    ])
    func readsTimestamps(text: String, microseconds: Int64) {
        #expect(timestamp(text) == microseconds)
        let written = Timestamp(microsecondsSinceEpoch: microseconds).text
        #expect(timestamp(written) == microseconds, "\(written)")
    }

    @Test(arguments: ["", "infinity", "2026-13-01 00:00:00+00", "2026-01-01", "2026-01-01 00:00:00+00x", "2026-1-1 0:0:0"])
    func refusesWhatIsNoTimestamp(text: String) {
        #expect(timestamp(text) == nil)
    }

    @Test(arguments: ["", "{", "}", "{a", "{a,}", "{,a}", "{\"a}", "{a}b", "a", "{{a}", "[1:2"])
    func refusesWhatIsNoArray(text: String) {
        var text = text
        #expect(text.withUTF8 { [String].decode(postgresText: $0) } == nil)
    }

    @Test func readsArraysWithBounds() {
        var text = "[0:1]={7,8}"
        #expect(text.withUTF8 { [Int].decode(postgresText: $0) } == [7, 8])
    }

    @Test func integersDoNotOverflowSilently() {
        for text in ["9223372036854775808", "-9223372036854775809", "", "-", "+1", "1 ", "0x1"] {
            var text = text
            #expect(text.withUTF8 { Int64.decode(postgresText: $0) } == nil)
        }
    }

    @Test func identifiersAreQuoted() {
        #expect("a\"b".quotedAsIdentifier == "\"a\"\"b\"")
        let query: PostgresQuery = "SELECT \(identifier: "x y") FROM t WHERE a = \(1) AND b = \(raw: "2") AND c = \("3")"
        #expect(query.sql == "SELECT \"x y\" FROM t WHERE a = $1 AND b = 2 AND c = $2")
        #expect(query.parameters.map(\.text) == ["1", "3"])
    }

    @Test func theStateOfAFailedConnectionIsReadFromItsMessage() {
        let error = PostgresError(
            connecting: "connection to server failed: FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  auth_failed, auth.c:330"
        )
        #expect(error.sqlState == "28P01")
        #expect(error.message == "connection to server failed: FATAL: password authentication failed for user \"x\"")
        #expect(!error.isConnectingWorthRetrying)
        #expect(PostgresError(connecting: "x: FATAL:  57P03: starting up").isConnectingWorthRetrying)
        #expect(PostgresError(connecting: "Connection refused").isConnectingWorthRetrying)
    }

    @Test func theNewestInstalledPostgresIsTriedFirst() {
        #expect(PostgresBinaries.candidates(["PRESSROOM_PG_BIN": "/chosen", "PATH": "/a"]) == ["/chosen"])
        #expect(PostgresBinaries.candidates(["PATH": "/a:/b"]).prefix(2) == ["/a", "/b"])
        #expect(PostgresBinaries.majorVersion("postgres (PostgreSQL) 15.18 (Debian 15.18-0)\n") == "15")
        #expect(PostgresBinaries.majorVersion("postgres (PostgreSQL) 18beta1") == nil)
    }
}
