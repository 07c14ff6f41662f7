import Base
import Testing

@testable import Workflow

@Suite("Names in templates")
struct TemplateNamesTests {
    /// Phases before `last` of most kinds, and one after it.
    private static func problems(_ template: String, kind: String? = nil, input: String = Self.input) -> [Problem] {
        let quoted = JSON.string(template).text
        let last = kind.map { $0.replacing("TEMPLATE", with: quoted) } ?? "kind: log, message: \(quoted)"
        return Fixtures.problems(
            yaml: """
                name: names
                version: 1.0.0
                input: \(input)
                agents:
                  w: {role: writer, model: rehearsal/w}
                  j: {role: evaluator, model: rehearsal/j}
                phases:
                  - {id: write, kind: write, agents: [w], prompt: "On {{issue}}."}
                  - {id: rank, kind: rank, agents: [j]}
                  - {id: plan, kind: agent, agents: [w], prompt: Plan, output: {type: object, properties: {topics: {type: array, items: {type: object, properties: {name: {type: string}}}}}}}
                  - {id: say, kind: agent, agents: [w], prompt: Say}
                  - {id: get, kind: http, url: "https://a.example/{{issue}}"}
                  - {id: ask, kind: human, title: Well?, form: {type: object, additionalProperties: false, properties: {ok: {type: boolean}}}}
                  - {id: go, kind: signal}
                  - {id: sub, kind: workflow, name: other, for_each: "$.input.list"}
                  - {id: compute, kind: transform, expression: "1"}
                  - {id: last, \(last)}
                  - {id: later, kind: log, message: "later"}
                """)
    }

    private static let input = "{type: object, properties: {issue: {type: string}, list: {type: array, items: {type: object, properties: {title: {type: string}}}}}}"
    private static let closed = "{type: object, additionalProperties: false, properties: {issue: {type: string}}}"

    @Test("Names that something brings are fine", arguments: [
        "{{issue}} {{ issue }} {{{issue}}} {{&issue}} {{input.issue}}", "{{#list}}{{title}}{{issue}}{{.}}{{index()}}{{/list}}",
        "{{list.0.title}}", "{{config.a.b}} {{context.metadata.x}} {{context.user_id}} {{task.phase}}", "{{step_0_output}} {{step_8_output}}",
        "{{phases.write.outputs.0.content}} {{phases.rank.ranking.0.whatever}} {{phases.rank.agreement}}",
        "{{#phases.write.outputs}}{{content}} {{track}} {{issue}}{{/phases.write.outputs}}", "{{phases.plan.output.topics.0.name}}",
        "{{#phases.plan.output.topics}}{{name}}{{/phases.plan.output.topics}}", "{{phases.say.output}} {{phases.say.usage.total_tokens}}",
        "{{phases.get.body.a.b}} {{phases.get.headers.date}} {{phases.get.status}}", "{{phases.ask.response.ok}} {{phases.ask.completed_by}}",
        "{{phases.go.data.by}} {{phases.go.signal}}", "{{phases.sub.items.0.winner.content}} {{phases.sub.errors.0.message}}",
        "{{phases.compute}} {{phases.compute.a.0}}", "{{other}} {{other.thing}}", "{{#other}}{{anything}}{{/other}}{{^other}}{{issue}}{{/other}}",
        "{{uppercased(issue)}} {{count(list)}} {{#reversed(list)}}{{title}}{{/reversed(list)}} {{#first(list)}}{{title}}{{/first(list)}}",
        "{{=<% %>=}}<% issue %>", "{{! isue }}", "{{#issue}}{{issue}}{{/issue}}", "{{^issue}}none{{/issue}}", "{a} {{issue}}}",
    ])
    func known(_ template: String) {
        #expect(Self.problems(template) == [])
    }

    @Test("Names that nothing brings are told, with what may be meant", arguments: [
        ("{{isue}}", "names 'isue', which nothing brings; did you mean 'issue'?"), ("{{#isue}}x{{/isue}}", "did you mean 'issue'?"),
        ("{{{isue}}}", "did you mean 'issue'?"), ("{{&isue}}", "did you mean 'issue'?"), ("{{^isue}}x{{/isue}}", "did you mean 'issue'?"),
        ("{{input.isue}}", "names 'input.isue', and 'input' has no 'isue'; did you mean 'issue'?"),
        ("{{phases.rnk.outputs.0.content}}", "reads the phase 'rnk', which does not come before it; did you mean 'rank'?"),
        ("{{phases.later}}", "reads the phase 'later', which does not come before it"), ("{{phases.last}}", "reads the phase 'last'"),
        ("{{phase.rank}}", "did you mean 'phases'?"), ("{{phases.write.output}}", "'phases.write' has no 'output'; did you mean 'outputs'?"),
        ("{{phases.write.outputs.content}}", "'phases.write.outputs' is a list: name a place in it, such as 'phases.write.outputs.0'"),
        ("{{phases.write.outputs.0.text}}", "'phases.write.outputs.0' has no 'text'"), ("{{phases.rank.winner}}", "'phases.rank' has no 'winner'"),
        ("{{phases.plan.output.topic}}", "did you mean 'topics'?"), ("{{phases.say.output.label}}", "'phases.say.output' has no members"),
        ("{{phases.get.boddy}}", "did you mean 'body'?"), ("{{phases.ask.response.okay}}", "'phases.ask.response' has no 'okay'"),
        ("{{phases.ask.respons}}", "did you mean 'response'?"), ("{{phases.sub.winner}}", "'phases.sub' has no 'winner'"),
        ("{{phases.sub.items.0.winer}}", "did you mean 'winner'?"), ("{{context.user}}", "'context' has no 'user'"),
        ("{{task.id}}", "'task' has no 'id'"), ("{{issue.x}}", "'issue' has no members"), ("{{#list}}{{titel}}{{/list}}", "did you mean 'title'?"),
        ("{{a.}}", "a part of that name is empty"), ("{{.a}}", "a part of that name is empty"), ("{{a..b}}", "is empty"),
        ("{{ }}", "has a tag without a name"), ("{{upper(issue)}}", "calls 'upper', which is no function"),
        ("{{upercased(issue)}}", "did you mean 'uppercased'?"), ("{{step_0_ouput}}", "did you mean 'step_0_output'?"),
        ("{{=<% %>=}}<%isue%>", "did you mean 'issue'?"), ("{{#phases.write.outputs}}{{contnt}}{{/phases.write.outputs}}", "did you mean 'content'?"),
    ])
    func unknown(_ template: String, _ detail: String) {
        let problems = Self.problems(template)
        #expect(problems.count == 1 && problems[0].pointer == "/phases/9/message" && problems[0].line == 17, "\(problems)")
        #expect(problems.first?.detail.contains(detail) == true, "\(problems)")
    }

    @Test("In a closed input every name has to be known", arguments: [
        ("{{other}}", "names 'other', which nothing brings"), ("{{item}}", "names 'item', which nothing brings"), ("{{secret.X}}", "nothing brings 'secret'"),
        ("{{draft}}", "names 'draft', which nothing brings"), ("{{step_9_output}}", "names 'step_9_output', which nothing brings"), ("{{#issue}}{{other}}{{/issue}}", "names 'other', which nothing brings"),
        ("{{input.other}}", "'input' has no 'other'"),
    ])
    func closedInput(_ template: String, _ detail: String) {
        let problems = Self.problems(template, input: Self.closed)
        #expect(problems.count == 1 && problems[0].detail.contains(detail), "\(problems)")
        #expect(Self.problems("{{issue}} {{phases.compute.a}} {{#phases.compute}}{{anything}}{{/phases.compute}}", input: Self.closed) == [])
    }

    @Test("Without a schema any name may be a member of the input", arguments: ["{{items}} {{index}} {{phase}} {{isue}} {{drafts.0}}"])
    func anyInput(_ template: String) {
        #expect(Self.problems(template, input: "true") == [])
        #expect(Self.problems("{{phases.rnk}} {{phase.rank}}", input: "true").count == 2)
    }

    @Test("Each kind has names of its own", arguments: [
        ("kind: http, url: 'https://a.example', body: {x: [TEMPLATE]}", "{{secret.KEY}} {{step.attempt}}", nil, "/phases/9/body/x/0"),
        ("kind: http, url: 'https://a.example', headers: {X-A: TEMPLATE}", "{{isue}}", "issue", "/phases/9/headers/X-A"),
        ("kind: http, url: 'https://a.example', method: POST, body: TEMPLATE", "{{step.id}} {{step.attempts}}", "attempt", "/phases/9/body"),
        ("kind: log, message: TEMPLATE, for_each: '$.input.list'", "{{item.x}} {{index}}", nil, ""),
        ("kind: log, message: TEMPLATE, repeat: {max: 2}", "{{iteration}} {{phases.last.message}}", nil, ""),
        ("kind: log, message: TEMPLATE, repeat: {max: 2}", "{{phases.last.mesage}}", "message", "/phases/9/message"),
        ("kind: evaluate, agents: [j], prompt: TEMPLATE", "{{draft}} {{feedback}} {{output.track}} {{agent.slug}}", nil, ""),
        ("kind: evaluate, agents: [j], prompt: TEMPLATE", "{{output.txt}}", "'output' has no 'txt'", "/phases/9/prompt"),
        ("kind: human, title: t, description: TEMPLATE", "{{isue}}", "issue", "/phases/9/description"),
        ("kind: human, title: t, assignee_group: TEMPLATE", "{{isue}}", "issue", "/phases/9/assignee_group"),
        ("kind: workflow, name: o, input: {a: {b: TEMPLATE}}", "{{phases.rnk}}", "rank", "/phases/9/input/a/b"),
        ("kind: delay, until: TEMPLATE", "{{isue}}", "issue", "/phases/9/until"),
    ] as [(String, String, String?, String)])
    func kinds(_ kind: String, _ template: String, _ detail: String?, _ pointer: String) {
        let problems = Self.problems(template, kind: kind)
        guard let detail else {
            #expect(problems.filter { $0.pointer != "/phases/9/body" } == [], "\(problems)")
            return
        }
        #expect(problems.count == 1 && problems[0].detail.contains(detail) && problems[0].pointer == pointer, "\(problems)")
    }

    @Test("A definition that was published before is read as it is")
    func published() throws {
        let json: JSON = [
            "name": "old", "version": "1.0.0", "input": ["type": "array"],
            "phases": [["id": "a", "kind": "log", "message": "{{phases.nothing}} {{upper(x)}} {{ }}"]],
        ]
        #expect(throws: Never.self) { try WorkflowDefinition(json: json) }
        #expect(Fixtures.problems(json.text, .json).count == 4)
    }

    @Test("Thousands of names take little time")
    func manyNames() {
        let template = (0..<6_000).map { "{{n\($0)}}" }.joined()
        let time = ContinuousClock().measure { #expect(Self.problems(template) == []) }
        #expect(time < .seconds(20), "\(time)")
    }

    @Test("An input schema that no object fits is refused", arguments: [
        "false", "{type: array}", "{type: [string, 'null']}", "{enum: [1, a]}", "{const: x}", "{not: {}}", "{allOf: [{type: object}, {type: string}]}",
        "{anyOf: [{type: string}, false]}", "{required: [a], additionalProperties: false}", "{required: [a], properties: {a: false}}",
        "{minProperties: 2, maxProperties: 1}", "{$ref: '#/$defs/a', $defs: {a: {type: integer}}}", "{additionalProperties: false, properties: {a: true}, minProperties: 2}",
    ])
    func noObject(_ schema: String) {
        let problems = Fixtures.problems(yaml: Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\ninput: \(schema)"))
        #expect(problems.map(\.pointer) == ["/input"] && problems[0].detail.contains("no object"), "\(problems)")
    }

    @Test("Other schemas are not", arguments: [
        "true", "{}", "{type: object}", "{type: [object, 'null']}", "{enum: [1, {a: 1}]}", "{anyOf: [{type: string}, {type: object}]}",
        "{required: [a], additionalProperties: false, patternProperties: {a: true}}", "{required: [a], additionalProperties: false, properties: {a: true}}",
        "{$ref: '#/$defs/a', $defs: {a: {allOf: [{$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}]}}}", "{not: {required: [a]}}",
    ])
    func someObject(_ schema: String) {
        #expect(Fixtures.problems(yaml: Fixtures.workflow(phases: [Fixtures.write], head: "version: 1.0.0\ninput: \(schema)")) == [])
    }

    @Test("Providers that the service does not have are told")
    func providers() throws {
        let definition = try WorkflowDefinition.parse(
            """
            name: p
            version: 1.0.0
            agents:
              a: {role: writer, model: openia/gpt-5}
              b: {role: writer, model: [rehearsal/x, nowhere/y]}
            phases: [{id: write, kind: write, agents: [a, b], prompt: Go}]
            """, format: .yaml)
        #expect(
            definition.problems(withProviders: ["openai", "rehearsal"]).map { "\($0)" } == [
                "/agents/a/model names the provider 'openia', which this service does not have; did you mean 'openai'?",
                "/agents/b/model/1 names the provider 'nowhere', which this service does not have; it has openai, rehearsal",
            ])
        #expect(definition.problems(withProviders: ["openia", "rehearsal", "nowhere"]) == [])
    }

    @Test("A byte order mark is no part of a document, and keys come once")
    func texts() throws {
        let yaml = Fixtures.workflow(phases: [Fixtures.write])
        let json = try WorkflowDefinition.parse(yaml, format: .yaml).json
        #expect(try WorkflowDefinition.parse("\u{FEFF}" + yaml, format: .yaml).json == json)
        #expect(try WorkflowDefinition.parse("\u{FEFF}" + yaml.replacing("\n", with: "\r\n"), format: .yaml).json == json)
        #expect(try WorkflowDefinition.parse("\u{FEFF}" + json.text, format: .json).json == json)
        let twice = json.text.replacing(#""id":"a""#, with: "\"id\":\"a\",\n\"id\":\"a\"")
        #expect(Fixtures.problems(twice, .json) == [Problem(pointer: "/phases/0", detail: "has the key 'id' twice", line: 2)])
    }
}
