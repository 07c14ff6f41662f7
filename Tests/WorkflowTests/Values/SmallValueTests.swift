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

    @Test(arguments: [
        ("18446744073709551615", "18446744073709551615"), ("-9223372036854775809", "-9223372036854775809"),
        ("+0018446744073709551615", "18446744073709551615"), ("9223372036854775807", "9223372036854775807"), ("-007", "-7"),
    ])
    func wholeNumbersOfYAMLKeepTheirDigits(_ text: String, _ json: String) throws {
        #expect(try JSON(parsing: "zone: \(text)\na: '\(text)'", format: .yaml).text == #"{"zone":\#(json),"a":"\#(text)"}"#)
    }

    @Test func wholeNumbersOfYAMLHaveALimit() {
        #expect(throws: ProblemList.self) { try JSON(parsing: String(repeating: "1", count: 1_000), format: .yaml) }
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
}
