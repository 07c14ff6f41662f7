import Base
import Testing

@testable import Workflow

/// Documents that are hostile, or only too large.
@Suite struct DefinitionBoundsTests {
    @Test(arguments: DefinitionFormat.allCases, ["[", "{\"a\":", "- ", "? ", "!!seq ["])
    func deepNestingIsRefused(_ format: DefinitionFormat, _ opening: String) {
        #expect(!Fixtures.problems(String(repeating: opening, count: 20_000), format).isEmpty)
    }

    @Test func depthIsBoundedInWellFormedDocuments() {
        let text = "name: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(Fixtures.problems(yaml: text).contains { $0.detail.contains("nested deeper") })
    }

    @Test func aliasBombIsRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(Fixtures.problems(yaml: text).contains { $0.detail.contains("grows too large") })
        #expect(!Fixtures.problems(yaml: text + "? *a40\n: x\n").isEmpty)
    }

    @Test func aliasCannotContainItself() {
        #expect(Fixtures.problems(yaml: "name: &a [*a]").contains { $0.detail.contains("'*a'") })
    }

    @Test func tooLargeIsRefused() {
        let text = "name: " + String(repeating: "x", count: SourceDocument.maxBytes)
        #expect(Fixtures.problems(yaml: text).first?.detail.contains("at most") == true)
        #expect(Fixtures.problems(yaml: "a: [" + String(repeating: "1,", count: 60_000) + "]").first?.detail.contains("values") == true)
    }

    @Test func problemsAreBounded() {
        let phases = (0..<200).map { _ in "id: 1, kind: 2, agents: 3, x: 4" }
        #expect(Fixtures.problems(yaml: Fixtures.workflow(phases: phases)).count == ProblemCollector.limit)
    }

    @Test func denseGraphsAndManyMistakesAreQuick() {
        let dense = (0..<200).map { index in
            "id: p\(index), kind: \(index == 0 ? "write, agents: [w], prompt: x" : "select"), needs: ["
                + (0..<index).map { "p\($0)" }.joined(separator: ", ") + "]"
        }
        #expect(Fixtures.problems(yaml: Fixtures.workflow(phases: dense)).count == ProblemCollector.limit)
        let unknown = (0..<200).map { index in
            "id: q\(index), kind: edit, agents: [" + (0..<100).map { "nobody-of-this-name-\($0)" }.joined(separator: ", ") + "]"
        }
        #expect(Fixtures.problems(yaml: Fixtures.workflow(phases: unknown)).count == ProblemCollector.limit)
    }

    @Test func problemsStandInTheOrderOfTheText() {
        let lines = Fixtures.problems(yaml: "zzz: 1\nversion: 2\naaa: 3\nphases: 4\nname: A").compactMap(\.line)
        #expect(lines == [1, 2, 3, 4, 5])
    }

    @Test func jsonSyntaxHasItsLine() {
        let problems = Fixtures.problems("{\n  \"name\": \"a\",\n  version: 1\n}", .json)
        #expect(problems == [Problem(pointer: "", detail: "is not valid JSON: expected a key in double quotes (column 3)", line: 3)])
    }
}
