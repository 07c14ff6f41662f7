import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct SmallValueTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("10m", .seconds(600)), ("2h", .seconds(7_200)),
        ("3d", .seconds(259_200)), ("0s", .zero), ("1500ms", .milliseconds(1_500)),
    ])
    func durations(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.text(of: duration)) == duration)
    }

    @Test(arguments: ["", "s", "5", "-1s", "+1s", "1.5h", "1 s", "1s ", "1h30m", "5S", "9223372036854775807d", "5000d", "٣s", "99999999999999999999s"])
    func badDurations(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func cursors() {
        #expect(Cursor("k3.1042") == Cursor(epoch: "k3", position: 1042))
        #expect(Cursor(epoch: "k3", position: 0).description == "k3.0")
        for text in ["", "k3", ".1", "k3.", "k3.-1", "k3.01", "k3.1.2", "k 3.1", "k3.9223372036854775808", "k3.+1"] {
            #expect(Cursor(text) == nil, "\(text)")
        }
    }

    @Test func modelNames() {
        #expect(ModelName("openai/gpt-5-mini") == ModelName(provider: "openai", model: "gpt-5-mini"))
        #expect(ModelName("local/org/model:7b")?.model == "org/model:7b")
        for text in ["", "gpt", "/gpt", "openai/", "Open AI/gpt", "openai/g pt", "openai/\u{0}"] {
            #expect(ModelName(text) == nil, "\(text)")
        }
    }

    @Test func pointersEscape() {
        #expect(JSONPointer.appending("a/b~c", to: "/x") == "/x/a~1b~0c")
        #expect(JSONPointer.parts(of: "/x/a~1b~0c/~01") == ["x", "a/b~c", "~1"])
        #expect(JSONPointer.parts(of: "") == [] && JSONPointer.parts(of: "x") == nil)
        #expect(JSONPointer.parent(of: "/x/y") == "/x" && JSONPointer.parent(of: "") == nil)
    }

    /// The first numbers of the reference implementation (S. Vigna, splitmix64.c) from the seed 1234567.
    @Test func splitMixIsTheReference() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ])
    }

    @Test func seedsKeepBoundaries() {
        var left = SeededGenerator(seedingFrom: "ab", "c"), right = SeededGenerator(seedingFrom: "a", "bc")
        #expect(left.next() != right.next())
        var first = SeededGenerator(seedingFrom: "ab", "c"), again = SeededGenerator(seedingFrom: "ab", "c")
        #expect(first.next() == again.next())
    }

    @Test func shufflesAreUniform() {
        var generator = SeededGenerator(seed: 7)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<6_000 { counts[generator.shuffled([1, 2, 3]), default: 0] += 1 }
        #expect(counts.count == 6 && counts.values.allSatisfy { (850...1_150).contains($0) }, "\(counts)")
    }

    /// The example of RFC 9562, A.6.
    @Test func uuidHasTheLayoutOfTheRFC() {
        let id = UUIDv7.make(milliseconds: 0x017F_22E2_79B0, counter: 0xCC3, random: 0x18C4_DC0C_0C07_398F)
        #expect(id.text == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(UUIDv7.date(of: id) == Date(timeIntervalSince1970: 1_645_557_742))
        #expect(UUIDv7.date(of: UUID()) == nil)
    }

    @Test func uuidsRise() async {
        let groups = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { (0..<20_000).map { _ in UUIDv7.next().text } } }
            return await group.reduce(into: [[String]]()) { $0.append($1) }
        }
        for group in groups { #expect(zip(group, group.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(Set(groups.joined()).count == 80_000)
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000000Z"), (1_769_860_800.123456, "2026-01-31T12:00:00.123456Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (-0.000001, "1969-12-31T23:59:59.999999Z"),
        (4_107_542_399.5, "2100-02-28T23:59:59.500000Z"),
    ])
    func timestamps(_ seconds: Double, _ text: String) throws {
        #expect(Timestamp(Date(timeIntervalSince1970: seconds)).text == text)
        #expect(try Timestamp.text(of: #require(Timestamp(rfc3339: text))) == text)
    }

    @Test func timestampsReadOffsets() {
        #expect(Timestamp(rfc3339: "2026-01-31T14:30:00+02:30") == Timestamp(rfc3339: "2026-01-31T12:00:00Z"))
        #expect(Timestamp(rfc3339: "2026-01-31T12:00:00.1239999-00:00").map(Timestamp.text) == "2026-01-31T12:00:00.123999Z")
        for text in ["", "2026-01-31", "2026-02-29T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00"] {
            #expect(Timestamp(rfc3339: text) == nil, "\(text)")
        }
    }

    @Test func nearestNames() {
        #expect(NearestName.of("promtp", among: ["prompt", "agents"]) == "prompt")
        #expect(NearestName.of("zebra", among: ["prompt", "agents"]) == nil)
        #expect(NearestName.distance("ca", "abc") == 3 && NearestName.distance("ab", "ba") == 1)
    }
}
