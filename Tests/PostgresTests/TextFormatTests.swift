import Base
@testable import Postgres
import Testing

@Suite("Text formats")
struct TextFormatTests {
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
