import Testing

@testable import Providers

@Suite("Thoughts in tags")
struct ThoughtFilterTests {
    /// The answer, when the text comes in pieces of so many characters.
    private func answer(_ text: String, pieces size: Int) -> String {
        var filter = ThoughtFilter()
        var answer = ""
        var rest = text[...]
        while !rest.isEmpty {
            answer += filter.answer(with: String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return answer + filter.end()
    }

    @Test("Only those at the beginning are left out, however the text is cut into pieces", arguments: [
        ("<think>The plan.</think>\n\nFaster search.", "Faster search."), ("\n <think>a</think>b", "b"), ("<think></think>x", "x"),
        ("<thinking>a < b </think> </thinking>\nx", "x"), ("[THINK]a[/THINK]x", "x"), ("◁think▷a◁/think▷x", "x"), ("◁", "◁"), ("<think>a</think>\n<think>b</think> c ", "c "),
        ("plain", "plain"), ("  plain", "  plain"), ("a <think>b</think>", "a <think>b</think>"), ("<", "<"), ("<thin", "<thin"),
        ("<thimble> is no tag", "<thimble> is no tag"), ("<think", "<think"), ("", ""), (" \n", " \n"), ("<think>never ends", ""),
        ("<think>é😀</think>\né😀", "é😀"), ("<Think>x</Think>", "<Think>x</Think>"),
    ])
    func tags(text: String, expected: String) {
        for size in 1...8 { #expect(answer(text, pieces: size) == expected, "pieces of \(size)") }
        #expect(answer(text, pieces: 10_000) == expected)
    }

    @Test("What is clear is not held back")
    func holdsBackNothingElse() {
        var filter = ThoughtFilter()
        #expect(filter.answer(with: "<t") == "")
        #expect(filter.answer(with: "able>") == "<table>")
        #expect(filter.answer(with: "<think>") == "<think>")
        var spaces = ThoughtFilter()
        #expect(spaces.answer(with: String(repeating: " ", count: 2_000)).count == 2_000)
    }

    @Test("Halves of characters are put together over pieces, or become U+FFFD")
    func halves() {
        func mark(_ value: UInt32) -> String { String(Character(Unicode.Scalar(value)!)) }
        let (high, low, first, second, third) = (mark(0x10F83D + 0), mark(0x10FE00), mark(0x10F7E2), mark(0x10F782), mark(0x10F7AC))
        func join(_ pieces: [(String, Bool)]) -> String {
            var halves = HalfCharacters()
            return pieces.map { halves.join($0.0, hasHalves: $0.1) }.joined() + halves.flush()
        }
        #expect(join([("a" + high, true), (low + "b", true)]) == "a😀b")
        #expect(join([("a" + high, true), ("b", false)]) == "a\u{FFFD}b")
        #expect(join([(high + high, true), (low, true)]) == "\u{FFFD}😀")
        #expect(join([(low, true), (high, true)]) == "\u{FFFD}\u{FFFD}")
        #expect(join([("x" + first, true), (second, true), (third + "y", true)]) == "x€y")
        #expect(join([(first, true), ("y", true)]) == "\u{FFFD}y")
        #expect(join([(second, true), (first + first, true)]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(join([(high, true), ("", false), (low, true)]) == "😀")
        // Such characters mean themselves where no marks are.
        #expect(join([(high, false)]) == high)
    }
}
