import Base
import TestSupport
import Testing

@testable import Workflow

@Suite struct PatternTests {
    @Test(arguments: [
        ("", ["", "a"], []), ("a", ["a", "bab"], ["", "b"]), ("^a$", ["a"], ["aa", "ba", "a\n"]), ("^a*b+c?$", ["b", "aabbc"], ["a", "bcc"]),
        ("^(ab|cd)+$", ["abcd"], ["abc", ""]), ("^(?:x|y)(?<name>z)$", ["xz"], ["z"]), ("^[a-c_\\-]+$", ["ab-_c"], ["d"]), ("^[^a-c]$", ["d", "-"], ["a", ""]),
        ("^\\d{3}$", ["123"], ["12", "1234", "٣٣٣"]), ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]), ("^a{2,}$", ["aa", "aaaaa"], ["a"]),
        ("^a{0}$", [""], ["a"]), ("^.$", ["a", "🙂", "é"], ["\n", "ab", ""]), ("\\bcat\\b", ["a cat!"], ["concat", "cats"]), ("a\\Bb", ["ab"], ["a b"]),
        ("^\\w+\\s\\W$", ["ab_1 !"], ["é !"]), ("^\\u0041\\x42\\u{1F642}\\ud83d\\ude42$", ["AB🙂🙂"], ["AB"]), ("^\\p{Lu}\\p{L}*$", ["Éa"], ["éa"]),
        ("^\\P{L}+$", ["12"], ["a"]), ("^[\\d\\s]+$", ["1 2"], ["a"]), ("^[]$", [], ["", "]"]), ("^[^]$", ["a", "\n"], [""]), ("^a+?b*?$", ["aab"], ["b"]),
        ("^(a*)*$", ["aaa", ""], ["b"]), ("^(|a)+$", ["", "aa"], ["b"]), ("^\\/\\.\\*$", ["/.*"], ["/a*"]), ("a|^b$|", ["zzz"], []), ("^[\\w-]+$", ["a-b"], ["a b"]),
        ("^[^\\d]$", ["a"], ["1"]), ("^[\\D]$", ["a"], ["1"]), ("^[a-z0-9]+(-[a-z0-9]+)*$", ["a-b-1"], ["a--b", "-a"]),
    ] as [(String, [String], [String])])
    func matches(_ pattern: String, _ good: [String], _ bad: [String]) throws {
        let pattern = try Pattern(pattern)
        for text in good { #expect(pattern.matches(text), "\(text)") }
        for text in bad { #expect(!pattern.matches(text), "\(text)") }
    }

    @Test(arguments: [
        "(", ")", "[", "a**", "*a", "a{2", "a{3,2}", "{", "}", "]", "\\", "\\q", "\\1", "(a)\\1", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?#x)", "\\k<a>", "[b-a]", "[\\d-z]",
        "\\u12", "\\x", "\\u{110000}", "\\p{Xx}", "\\p", "^*", "a{1000}{2}", "(a{100}){100}", "((a{50}){50}){50}", "(?<a",
    ])
    func refuses(_ pattern: String) {
        #expect(throws: Pattern.Failure.self) { try Pattern(pattern) }
    }

    /// Backtracking matchers take exponential time on these.
    @Test(arguments: ["^(a+)+$", "^(a|aa)+$", "^(.*)*x$", "(a?){50}a{50}b"])
    func hostilePatternsAreLinear(_ pattern: String) throws {
        #expect(try !Pattern(pattern).matches(String(repeating: "a", count: 5_000) + "!"))
    }

    @Test func longTextsMatch() throws {
        let text = String(repeating: "a", count: 200_000)
        #expect(try Pattern("^a*$").matches(text) && Pattern("b$").matches(text + "b") && !Pattern("^a*$").matches(text + "b"))
        #expect(try JSONSchema(["pattern": "^a*$"]).validate(.string(text)) == [])
        #expect(try !JSONSchema(["not": ["pattern": "b"]]).validate(.string(String(repeating: "b", count: 70_000))).isEmpty)
    }

    @Test func looksAreCounted() throws {
        var looks = 100
        #expect(try Pattern("^a*$").matches(String(repeating: "a", count: 1_000), looks: &looks) == nil)
        looks = 10_000
        #expect(try Pattern("^a*$").matches(String(repeating: "a", count: 1_000), looks: &looks) == true)
        #expect((1..<9_000).contains(looks))
    }

    @Test func deepPatternsAreRefused() {
        #expect(throws: Pattern.Failure.self) {
            try Pattern(String(repeating: "(", count: 500) + String(repeating: ")", count: 500))
        }
    }

    @Test func randomPatternsNeverCrash() {
        var generator = Seed.generator()
        var usable = 0
        let pieces = Array("ab()[]{}|*+?^$.\\-,12dwsbpuxLk<>=!:é🙂").map(String.init)
        for _ in 0..<3_000 {
            let text = (0..<generator.next(below: 14)).map { _ in pieces[Int(generator.next(below: UInt64(pieces.count)))] }.joined()
            guard let pattern = try? Pattern(text) else { continue }
            _ = pattern.matches("ab12 \u{301}é-")
            usable += 1
        }
        #expect((100..<2_900).contains(usable), "too few patterns of one sort: \(usable) of 3000 are usable")
    }
}
