import Base
import TestSupport
import Testing

@testable import Workflow

/// Mutated documents: whatever comes, there is a definition or a list of problems.
@Suite struct DefinitionFuzzTests {
    private static let tokens = [
        "{", "}", "[", "]", ":", ",", "-", "?", "&a", "*a", "!!str", "|", ">", "\"", "'", "\t", "\n", "\u{0}", "\\", "#", "{{",
        "}}", "{{#", "<<: *a", "null", "~", "1e999", "-0", "9223372036854775808", "\u{FEFF}", "é", "🙂", "%YAML 1.2", "---", "...",
        "needs: [write]", "needs: []", "when: x", "kind: http", "\r", "\u{85}", "\u{2028}", "\u{F8F0}",
    ]

    @Test(arguments: 0..<40) func mutatedTextsNeverCrash(_ round: Int) {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        for index in 0..<50 {
            var text = Array(Fixtures.launchPost)
            for _ in 0...generator.next(below: 6) { Self.mutate(&text, &generator) }
            Self.check(String(text), .yaml, "seed \(seed), document \(index)")
        }
    }

    @Test(arguments: 0..<20) func mutatedValuesNeverCrash(_ round: Int) throws {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        let original = try WorkflowDefinition.parse(Fixtures.launchPost, format: .yaml).json
        for index in 0..<50 {
            var value = original
            for _ in 0...generator.next(below: 3) { value = Self.mutated(value, &generator) }
            Self.check(value.text, .json, "seed \(seed), document \(index)")
        }
    }

    private static func check(_ text: String, _ format: DefinitionFormat, _ place: Comment) {
        do {
            let definition = try WorkflowDefinition.parse(text, format: format)
            #expect((try? WorkflowDefinition(json: definition.json)) == definition, place)
        } catch {
            #expect(!error.problems.isEmpty, place)
            for problem in error.problems { #expect(JSONPointer.parts(of: problem.pointer) != nil, place) }
        }
    }

    private static func mutate(_ text: inout [Character], _ generator: inout SeededGenerator) {
        guard !text.isEmpty else { return }
        let place = Int(generator.next(below: UInt64(text.count)))
        switch generator.next(below: 5) {
        case 0: text.removeSubrange(place..<min(text.count, place + Int(generator.next(below: 12))))
        case 1: text.insert(contentsOf: tokens[Int(generator.next(below: UInt64(tokens.count)))], at: place)
        case 2: text.removeSubrange(place...)
        case 3:
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            text = Array(generator.shuffled(Array(lines)).joined(separator: "\n"))
        default: text.insert(contentsOf: text[place..<min(text.count, place + 80)], at: Int(generator.next(below: UInt64(text.count))))
        }
    }

    /// The value with one place in it changed.
    private static func mutated(_ value: JSON, _ generator: inout SeededGenerator) -> JSON {
        if generator.next(below: 8) == 0 { return random(&generator) }
        switch value {
        case .array(var elements) where !elements.isEmpty:
            let index = Int(generator.next(below: UInt64(elements.count)))
            elements[index] = mutated(elements[index], &generator)
            return .array(elements)
        case .object(var members) where !members.isEmpty:
            let key = members.keys.sorted()[Int(generator.next(below: UInt64(members.count)))]
            if generator.next(below: 6) == 0 { members[key] = nil } else { members[key] = members[key].map { mutated($0, &generator) } }
            return .object(members)
        default:
            return random(&generator)
        }
    }

    private static func random(_ generator: inout SeededGenerator) -> JSON {
        let values: [JSON] = [
            nil, true, -1, 0, 1e300, "", "write", "a~/b", [], [[]], [:], ["$ref": "#"], ["type": "object", "properties": []], "{{#x}}",
            "\u{0}", ["write", "write"], 3.5,
        ]
        return values[Int(generator.next(below: UInt64(values.count)))]
    }
}
