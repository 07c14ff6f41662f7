import Base
import Testing
import Workflow

@Suite("JSON as servers write it")
struct RepairedJSONTests {
    @Test("Texts are repaired, and nothing else", arguments: [
        (#"{"a":"x\ud83d"}"#, ["a": "x\u{FFFD}"]), (#"{"a":"\ude00b"}"#, ["a": "\u{FFFD}b"]), (#"["\ud83d\ud83d\ude00"]"#, ["\u{FFFD}😀"]),
        (#"["\ud83dA"]"#, ["\u{FFFD}A"]), ("\u{FEFF}{}", [:]), ("[\"a\u{1}\nb\"]", ["a\u{1}\nb"]), (#"["\\ud83d", "\ud83d"]"#, [#"\ud83d"#, "\u{FFFD}"]),
    ] as [(String, JSON)])
    func texts(text: String, value: JSON) throws {
        #expect(try JSON(repairing: text.utf8) == value)
    }

    @Test("Bytes that are no UTF-8 become U+FFFD")
    func bytes() throws {
        #expect(try JSON(repairing: Array("[\"a".utf8) + [0xE2, 0x82] + Array("\"]".utf8)) == ["a\u{FFFD}\u{FFFD}"])
        #expect(try JSON(repairing: Array("[\"é".utf8) + [0xFF] + Array("😀\"]".utf8)) == ["é\u{FFFD}😀"])
    }

    @Test("What is no JSON stays an error, with its place", arguments: ["", "OK", "{", #"{"a":}"#, "[1,]", #"["\ud83d"#, "1e400", "NaN", #"["\x"]"#])
    func errors(text: String) {
        let strict = #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
        let repaired = #expect(throws: JSONParseError.self) { try JSON(repairing: text.utf8) }
        #expect(repaired == strict)
    }

    @Test("Numbers only where that is asked for", arguments: [
        ("[1e400, -1e400]", [1e308, -1e308]), ("[NaN, Infinity, -Infinity, 1]", [nil, nil, nil, 1]),
        ("[\(String(repeating: "9", count: 500))]", [1e308]), (#"["NaN", 2, NaN]"#, ["NaN", 2, nil]),
    ] as [(String, JSON)])
    func numbers(text: String, value: JSON) throws {
        #expect(try RepairedJSON(parsing: Array(text.utf8), .textsAndNumbers).value == value)
        #expect(throws: JSONParseError.self) { try JSON(repairing: text.utf8) }
    }

    @Test("Marks of halves stand only where there are halves, and for nothing else")
    func marks() throws {
        let half = try RepairedJSON(parsing: Array(#"["x\ud83d"]"#.utf8), .textsAndNumbers)
        #expect(half.hasHalves)
        #expect(half.value[0]?.string?.unicodeScalars.last.flatMap(HalfCharacter.init) == .surrogate(0xD83D))
        let whole = try RepairedJSON(parsing: Array("[\"\u{10F8FF}\"]".utf8), .textsAndNumbers)
        #expect(!whole.hasHalves && whole.value == ["\u{10F8FF}"])
        // Both in one text: what is whole stays, and the half cannot be put together.
        let both = try RepairedJSON(parsing: Array("[\"\u{10F8FF}\\ud83d\"]".utf8), .textsAndNumbers)
        #expect(!both.hasHalves && both.value == ["\u{10F8FF}\u{FFFD}"])
    }
}
