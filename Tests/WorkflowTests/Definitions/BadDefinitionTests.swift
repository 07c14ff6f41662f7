import Base
import Testing

@testable import Workflow

@Suite struct BadDefinitionTests {
    @Test(arguments: documents + phases + graphs) func everyMistakeIsNamed(_ bad: BadDefinition) {
        let problems = Fixtures.problems(yaml: bad.yaml)
        for expected in bad.expected {
            #expect(
                problems.contains {
                    $0.pointer == expected.pointer && $0.line == expected.line && $0.detail.contains(expected.detail)
                }, "no \(expected) in \(problems)")
        }
        #expect(problems.count == bad.expected.count, "\(problems)")
    }

    static let documents: [BadDefinition] = [
        BadDefinition("empty", "", ("", nil, "is empty")),
        BadDefinition("a text", "hello", ("", 1, "must be an object, not a string")),
        BadDefinition("a list", "- 1\n- 2", ("", 1, "must be an object, not an array")),
        BadDefinition("syntax", "name: a\nversion: [1\nphases: []", ("", 3, "is not valid YAML")),
        BadDefinition("tab", "name: a\n\tversion: 1", ("", 2, "is not valid YAML")),
        BadDefinition("two documents", "name: a\n---\nname: b", ("", 2, "another document")),
        BadDefinition("duplicate key", "name: a\nname: b", ("", 1, "keys twice in one mapping: 'name'")),
        BadDefinition("unknown alias", "name: *nobody", ("/name", 1, "'*nobody'")),
        BadDefinition("complex key", "? [a]\n: b", ("", 1, "key that is not plain text")),
        BadDefinition("alias as key", "a: &x b\n*x : c", ("", 2, "key that is not plain text")),
        BadDefinition("tag", "name: !ruby/object a", ("/name", 1, "unknown tag")),
        BadDefinition("infinity", "name: .inf", ("/name", 1, "must be a finite number")),
        BadDefinition(
            "nothing but braces", "{}", ("/name", 1, "is required"), ("/version", 1, "is required"),
            ("/phases", 1, "is required")),
        BadDefinition(
            "names", "name: Launch_Post\nversion: 1.0\nphases: []",
            ("/name", 1, "must start with a lower-case"), ("/version", 2, "must be a semantic version in quotes, such as \"1.0.0\""),
            ("/phases", 3, "at least one phase")),
        BadDefinition(
            "unknown keys", "nmae: a\nname: a\nversion: 1.0.0\nphase: 1\nphases: 3",
            ("/nmae", 1, "did you mean 'name'?"), ("/phase", 4, "did you mean 'phases'?"), ("/phases", 5, "must be a list")),
        BadDefinition(
            "concurrency", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\nconcurrency: 0"),
            ("/concurrency", 3, "from 1 to 10000")),
        BadDefinition(
            "concurrency beyond all numbers", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\nconcurrency: 1e30"),
            ("/concurrency", 3, "must be from 1 to 10000")),
        BadDefinition(
            "semver", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0"),
            ("/version", 2, "must be a semantic version in quotes")),
        BadDefinition(
            "semver text", Fixtures.workflow(phases: [Fixtures.write], head: "version: v1.0.0"),
            ("/version", 2, "semantic version")),
        BadDefinition(
            "input", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\ninput: {type: strin, required: topic}"),
            ("/input/type", 3, "must be one of null, boolean"), ("/input/required", 3, "must be a list of strings")),
        BadDefinition(
            "tags", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\ntags: [a, 3]"),
            ("/tags/1", 3, "must be a string")),
        BadDefinition(
            "NUL", Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\ndescription: \"a\\0b\""),
            ("/description", 3, "U+0000")),
        BadDefinition(
            "agents",
            """
            name: a
            version: 1.0.0
            agents:
              Bad Slug: {role: writer, model: rehearsal/a}
              b: {model: gpt}
              c: {role: writer, model: a/b, temperature: 3, max_tokens: 0, sytem: x}
              d: 4
            phases:
              - {id: go, kind: signal}
            """,
            ("/agents/Bad Slug", 4, "must start with"), ("/agents/b/role", 5, "is required"),
            ("/agents/b/model", 5, "provider/model"), ("/agents/c/temperature", 6, "must be from 0 to 2"),
            ("/agents/c/max_tokens", 6, "must be from 1"), ("/agents/c/sytem", 6, "did you mean 'system'?"),
            ("/agents/d", 7, "must be an object")),
        BadDefinition(
            "lists of models",
            """
            name: a
            version: 1.0.0
            agents:
              a: {role: writer, model: []}
              b: {role: writer, model: [a/b, c, 3]}
              c: {role: writer, model: [a/b, c/d, a/b]}
            phases:
              - {id: go, kind: signal}
            """,
            ("/agents/a/model", 4, "at least one model"), ("/agents/b/model/1", 5, "provider/model"),
            ("/agents/b/model/2", 5, "provider/model"), ("/agents/c/model/2", 6, "names the model 'a/b' again")),
    ]

    static let phases: [BadDefinition] = [
        BadDefinition(phase: "kind: edit, agents: [w]", ("/phases/1/id", 8, "is required")),
        BadDefinition(phase: "id: B, kind: edit, agents: [w]", ("/phases/1/id", 8, "must start with")),
        BadDefinition(phase: "id: b, agents: [w]", ("/phases/1/kind", 8, "is required")),
        BadDefinition(phase: "id: b, kind: edti, agents: [w]", ("/phases/1/kind", 8, "did you mean 'edit'?")),
        BadDefinition(
            phase: "id: b, kind: human, title: '{{x', due_in: 2d, remind_in: 3d, form: {type: objec}, assignee: ada",
            ("/phases/1/title", 8, "closed"), ("/phases/1/remind_in", 8, "must be shorter than 'due_in'"),
            ("/phases/1/form/type", 8, "must be one of null, boolean"), ("/phases/1/assignee", 8, "is not a known key")),
        BadDefinition(phase: "id: b, kind: human, form: true", ("/phases/1/title", 8, "is required")),
        BadDefinition(
            phase: "id: b, kind: workflow, name: No Name, version: one, input: {a: [1, '{{x']}, form: true, when: 3",
            ("/phases/1/name", 8, "must start with"), ("/phases/1/version", 8, "semantic version"),
            ("/phases/1/input/a/1", 8, "not closed"), ("/phases/1/form", 8, "is not a known key"),
            ("/phases/1/when", 8, "must be a string")),
        BadDefinition(
            phase: "id: b, kind: workflow, input: x", ("/phases/1/name", 8, "is required"),
            ("/phases/1/input", 8, "must be an object")),
        BadDefinition(phase: "id: b, kind: http, url: x", ("/phases/1/url", 8, "must begin with http:// or https://")),
        BadDefinition(
            phase: "id: b, kind: http, method: POST, url: 'https://a.example', body: {x: ['{{#a}}']}", ("/phases/1/body/x/0", 8, "not closed")),
        BadDefinition(phase: "id: b, kind: agent, agents: [w, j], prompt: x", ("/phases/1/agents", 8, "exactly one agent")),
        BadDefinition(phase: "id: b, kind: agent, agents: [w]", ("/phases/1/prompt", 8, "is required")),
        BadDefinition(
            phase: "id: b, kind: agent, agents: [w], prompt: x, output: {type: strng}", ("/phases/1/output/type", 8, "")),
        BadDefinition(
            phase: "id: b, kind: agent, agents: [w], prompt: x, output: {type: array}", ("/phases/1/output", 8, "'type: object'")),
        BadDefinition(phase: "id: b, kind: delay", ("/phases/1", 8, "either 'for' or 'until'")),
        BadDefinition(phase: "id: b, kind: delay, for: 1s, until: '2030-01-01T00:00:00Z'", ("/phases/1", 8, "either 'for' or 'until'")),
        BadDefinition(phase: "id: b, kind: delay, for: soon", ("/phases/1/for", 8, "must be a duration")),
        BadDefinition(phase: "id: b, kind: delay, until: tomorrow", ("/phases/1/until", 8, "must be a time")),
        BadDefinition(phase: "id: b, kind: delay, until: '{{#a}}'", ("/phases/1/until", 8, "section that is not closed")),
        BadDefinition(phase: "id: b, kind: log", ("/phases/1/message", 8, "is required")),
        BadDefinition(phase: "id: b, kind: log, level: warn, message: x", ("/phases/1/level", 8, "must be one of debug, info")),
        BadDefinition(
            phase: "id: b, kind: edit, agents: [w], when: ' ', for_each: y, repeat: {max: 2}",
            ("/phases/1/when", 8, "must not be empty"), ("/phases/1/for_each", 8, "cannot be used on a phase of kind 'edit'"),
            ("/phases/1/repeat", 8, "cannot be used on a phase of kind 'edit'")),
        BadDefinition(
            phase: "id: b, kind: transform, max_items: 0, for_each: 3, repeat: {until: true, times: 3}",
            ("/phases/1/expression", 8, "is required"), ("/phases/1/max_items", 8, "from 1 to 10000"),
            ("/phases/1/for_each", 8, "must be a string"), ("/phases/1/repeat/until", 8, "must be a string"),
            ("/phases/1/repeat/max", 8, "is required"), ("/phases/1/repeat/times", 8, "is not a known key")),
        BadDefinition(
            phase: "id: b, kind: transform, expression: '1', max_items: 5, list: 1, repeat: {max: 1001}",
            ("/phases/1/max_items", 8, "needs 'for_each'"), ("/phases/1/list", 8, "must be true or false"),
            ("/phases/1/repeat/max", 8, "from 1 to 1000")),
        BadDefinition(phase: "id: b, kind: signal, for_each: '$.input.x'", ("/phases/1/for_each", 8, "cannot be used")),
        BadDefinition(
            phase: "id: b, kind: transform, expression: '\(String(repeating: "1", count: 4_097))'",
            ("/phases/1/expression", 8, "at most 4096 characters")),
        BadDefinition(phase: "id: b, kind: branch", ("/phases/1/cases", 8, "is required")),
        BadDefinition(phase: "id: b, kind: branch, cases: []", ("/phases/1/cases", 8, "at least one case")),
        BadDefinition(
            phase: "id: b, kind: branch, cases: [{when: 'true'}, {then: b, if: x}, 3], else: {}",
            ("/phases/1/cases/0/then", 8, "is required"), ("/phases/1/cases/1/when", 8, "is required"),
            ("/phases/1/cases/1/if", 8, "is not a known key"), ("/phases/1/cases/2", 8, "must be an object"),
            ("/phases/1/else", 8, "must be the id of a phase, or a list of ids"), ("/phases/1/cases/1/then", 8, "does not need 'b'")),
        BadDefinition(phase: "id: b, kind: edit", ("/phases/1/agents", 8, "is required")),
        BadDefinition(phase: "id: b, kind: edit, agents: []", ("/phases/1/agents", 8, "at least one agent")),
        BadDefinition(phase: "id: b, kind: edit, agents: w", ("/phases/1/agents", 8, "must be a list")),
        BadDefinition(phase: "id: b, kind: edit, agents: [ww]", ("/phases/1/agents/0", 8, "unknown agent 'ww'; did you mean 'w'?")),
        BadDefinition(phase: "id: b, kind: edit, agents: [w, w]", ("/phases/1/agents/1", 8, "again")),
        BadDefinition(phase: "id: b, kind: write, agents: [w]", ("/phases/1/prompt", 8, "is required")),
        BadDefinition(phase: "id: b, kind: write, agents: [w], prompt: ' '", ("/phases/1/prompt", 8, "must not be empty")),
        BadDefinition(
            phase: "id: b, kind: write, agents: [w], prompt: '{{#a}}'", ("/phases/1/prompt", 8, "section that is not closed")),
        BadDefinition(phase: "id: b, kind: edit, agents: [w], max_cycles: 0", ("/phases/1/max_cycles", 8, "from 1 to 100")),
        BadDefinition(phase: "id: b, kind: edit, agents: [w], maxcycles: 2", ("/phases/1/maxcycles", 8, "did you mean 'max_cycles'?")),
        BadDefinition(phase: "id: b, kind: evaluate, agents: [j], stage: last", ("/phases/1/stage", 8, "initial, final")),
        BadDefinition(
            phase: "id: b, kind: evaluate, agents: [j], scale: {min: 5, max: 5}", ("/phases/1/scale", 8, "'max' above its 'min'")),
        BadDefinition(phase: "id: b, kind: evaluate, agents: [j], criteria: []", ("/phases/1/criteria", 8, "at least one")),
        BadDefinition(
            phase: "id: b, kind: evaluate, agents: [j], criteria: [{id: x, weight: 0}, {id: x}, {weight: 1}]",
            ("/phases/1/criteria/0/weight", 8, "above 0"), ("/phases/1/criteria/1/id", 8, "another criterion"),
            ("/phases/1/criteria/2/id", 8, "is required")),
        BadDefinition(phase: "id: b, kind: rank, agents: [j], method: votes", ("/phases/1/method", 8, "ballots, borda, bradley_terry, mean")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [j], method: borda, points: [3], criteria: [{id: x}], comparisons: pairs",
            ("/phases/1/points", 8, "belongs to the method 'ballots'"), ("/phases/1/criteria", 8, "belongs to the method 'mean'"),
            ("/phases/1/comparisons", 8, "belongs to the method 'bradley_terry'")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [j], method: mean, points: [3], scale: {min: 5, max: 5}, criteria: []",
            ("/phases/1/points", 8, "belongs to the method 'ballots'"), ("/phases/1/scale", 8, "'max' above its 'min'"),
            ("/phases/1/criteria", 8, "at least one")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [j], method: bradley_terry, comparisons: all",
            ("/phases/1/comparisons", 8, "ballots, pairs")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [j], exclude_own: 1", ("/phases/1/exclude_own", 8, "must be true or false")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [w], exclude_own: true",
            ("/phases/1/exclude_own", 8, "leaves the judges no draft")),
        BadDefinition(
            phase: "id: b, kind: evaluate, agents: [w], exclude_own: true",
            ("/phases/1/exclude_own", 8, "leaves the judges no draft")),
        BadDefinition(phase: "id: b, kind: rank, agents: [j], points: []", ("/phases/1/points", 8, "at least one number")),
        BadDefinition(
            phase: "id: b, kind: rank, agents: [j], points: [3, -1, 5]", ("/phases/1/points/1", 8, "from 0"),
            ("/phases/1/points/2", 8, "place before")),
        BadDefinition(phase: "id: b, kind: signal, name: Go!", ("/phases/1/name", 8, "must start with")),
        BadDefinition(phase: "id: b, kind: signal, timeout: 5 m", ("/phases/1/timeout", 8, "must be a duration")),
        BadDefinition(phase: "id: b, kind: signal, timeout: 0s", ("/phases/1/timeout", 8, "longer than 0")),
        BadDefinition(phase: "id: b, kind: signal, timeout: 30", ("/phases/1/timeout", 8, "must be a duration")),
        BadDefinition(phase: "id: b, kind: signal, concurrency: 0", ("/phases/1/concurrency", 8, "from 1")),
        BadDefinition(phase: "id: b, kind: signal, on_failure: stop", ("/phases/1/on_failure", 8, "fail, continue")),
        BadDefinition(
            phase: "id: b, kind: signal, retry: {max_attempts: 0, factor: 0.5, jitter: 2, initial: 1h, max: 1m, tries: 1}",
            ("/phases/1/retry/max_attempts", 8, ""), ("/phases/1/retry/factor", 8, ""), ("/phases/1/retry/jitter", 8, ""),
            ("/phases/1/retry/max", 8, "shorter"), ("/phases/1/retry/tries", 8, "not a known key")),
        BadDefinition(phase: "id: b, kind: signal, needs: null", ("/phases/1/needs", 8, "list of phase ids")),
        BadDefinition(phase: "id: b, kind: signal, needs: a", ("/phases/1/needs", 8, "list of phase ids")),
        BadDefinition(phase: "id: b, kind: signal, needs: [1]", ("/phases/1/needs/0", 8, "id of a phase")),
        BadDefinition(phase: "id: b, kind: signal, needs: [a, a]", ("/phases/1/needs/1", 8, "again")),
    ]

    static let graphs: [BadDefinition] = [
        BadDefinition(phase: "id: a, kind: signal", ("/phases/1/id", 8, "another phase")),
        BadDefinition(phase: "id: b, kind: signal, needs: [aa]", ("/phases/1/needs/0", 8, "unknown phase 'aa'; did you mean 'a'?")),
        BadDefinition(phase: "id: b, kind: signal, needs: [b]", ("/phases/1/needs", 8, "cycle: b → b")),
        BadDefinition(
            "cycle", Fixtures.workflow(phases: [
                Fixtures.write, "id: b, kind: edit, agents: [w], needs: [a, d]", "id: c, kind: signal", "id: d, kind: signal",
                "id: e, kind: signal",
            ]),
            ("/phases/1/needs", 8, "cycle: b → d → c → b"), ("/phases/4", 11, "is unreachable")),
        BadDefinition(
            "nothing written", Fixtures.workflow(phases: [
                "id: a, kind: edit, agents: [w]", "id: b, kind: evaluate, agents: [j]", "id: c, kind: select",
                "id: d, kind: rank, agents: [j]",
            ]),
            ("/phases/0", 7, "needs a 'write' phase"), ("/phases/1", 8, "'write'"), ("/phases/2", 9, "'write'"),
            ("/phases/3", 10, "'write'")),
        BadDefinition(
            "written beside", Fixtures.workflow(phases: [Fixtures.write, "id: b, kind: edit, agents: [w], needs: []"]),
            ("/phases/1", 8, "needs a 'write' phase")),
        BadDefinition(
            "branches", Fixtures.workflow(phases: [
                "id: b, kind: branch, cases: [{when: '1 == 1', then: [c, dd]}], else: e", "id: c, kind: signal", "id: d, kind: signal",
                "id: e, kind: signal",
            ]),
            ("/phases/0/cases/0/then/1", 7, "unknown phase 'dd'; did you mean 'd'?"),
            ("/phases/0/else", 7, "names the phase 'e', which does not need 'b': write needs: [b] there")),
        BadDefinition(phase: "id: b, kind: select", ("/phases/1", 8, "needs an 'evaluate' phase of the stage 'initial'")),
        BadDefinition(
            "final evaluation only", Fixtures.workflow(phases: [
                Fixtures.write, "id: b, kind: evaluate, agents: [j], stage: final", "id: c, kind: select",
            ]),
            ("/phases/2", 9, "stage 'initial'")),
    ]
}

/// A definition with mistakes, and where each must be found.
struct BadDefinition: Sendable, CustomTestStringConvertible {
    struct Expected: Sendable {
        let pointer: String
        let line: Int?
        /// What the detail must contain.
        let detail: String
    }

    let name: String
    let yaml: String
    let expected: [Expected]

    init(_ name: String, _ yaml: String, _ expected: (String, Int?, String)...) {
        self.name = name
        self.yaml = yaml
        self.expected = expected.map { Expected(pointer: $0.0, line: $0.1, detail: $0.2) }
    }

    /// One phase behind a sound `write` phase; the phase stands in line 8.
    init(phase: String, _ expected: (String, Int?, String)...) {
        name = phase
        yaml = Fixtures.workflow(phases: [Fixtures.write, phase])
        self.expected = expected.map { Expected(pointer: $0.0, line: $0.1, detail: $0.2) }
    }

    var testDescription: String { name }
}
