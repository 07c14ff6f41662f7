import Base
import Testing

@testable import Workflow

@Suite struct WorkflowDefinitionTests {
    @Test func readsEveryAttribute() throws {
        let workflow = try WorkflowDefinition.parse(Fixtures.launchPost, format: .yaml)
        #expect(workflow.name == "launch-post")
        #expect(workflow.version == SemanticVersion("1.0.0"))
        #expect(workflow.category == "marketing")
        #expect(workflow.tags == ["blog"])
        #expect(workflow.agents.keys.sorted() == ["ada", "bob", "copy", "terse", "warm"])
        #expect(workflow.agents["warm"]?.name == "Warm writer")
        #expect(workflow.agents["terse"]?.name == "terse")
        #expect(workflow.agents["terse"]?.maxTokens == 800)
        #expect(workflow.agents["warm"]?.model == ModelName(provider: "local", model: "smollm2"))
        #expect(workflow.agents["warm"]?.temperature == 0.9)
        #expect(workflow.phases.map(\.id) == ["write", "edit", "judge", "finalists", "rank", "go"])
        #expect(workflow.phases.map(\.kind) == [.write, .edit, .evaluate, .select, .rank, .signal])
        #expect(workflow.phases.map(\.needs) == [[], ["write"], ["edit"], ["judge"], ["finalists"], ["rank"]])
        #expect(
            workflow.phase("judge")?.spec
                == .evaluate(
                    EvaluatePhase(
                        agents: ["ada", "bob"], stage: .initial, scale: Scale(min: 1, max: 10),
                        criteria: [Criterion(id: "clarity", weight: 2), Criterion(id: "hook", weight: 1)])))
        let rank = try #require(workflow.phase("rank"))
        #expect(
            rank.retry
                == RetryPolicy(
                    maxAttempts: 5, initial: .milliseconds(500), factor: 3, max: .seconds(120), jitter: 0.5,
                    nonRetryable: ["refused"]))
        #expect(rank.timeout == .seconds(90))
        #expect(rank.concurrency == 2)
        #expect(workflow.concurrency == 20)
        #expect(rank.onFailure == .continue)
        #expect(workflow.phase("go")?.spec == .signal(SignalPhase(name: "publish", timeout: .seconds(172_800))))
    }

    @Test func modelsMayBeAList() throws {
        let workflow = try WorkflowDefinition.parse(
            """
            name: lists
            version: 1.0.0
            agents:
              a: {role: writer, model: [local/tiny, openai/gpt-5-mini, rehearsal/x]}
              b: {role: writer, model: [local/tiny]}
              j: {role: evaluator, model: rehearsal/judge}
            phases:
              - {id: write, kind: write, agents: [a, b], prompt: Go}
              - {id: rank, kind: rank, agents: [j], method: mean, criteria: [{id: hook, weight: 3}], scale: {min: 0, max: 5}, exclude_own: true}
              - {id: pairs, kind: rank, agents: [j], method: bradley_terry, comparisons: pairs}
            """, format: .yaml)
        #expect(workflow.agents["a"]?.models.map(\.description) == ["local/tiny", "openai/gpt-5-mini", "rehearsal/x"])
        #expect(workflow.agents["a"]?.json["model"] == "local/tiny")
        #expect(workflow.agents["b"]?.fallbacks == [])
        #expect(
            workflow.phase("rank")?.spec
                == .rank(
                    RankPhase(
                        agents: ["j"], method: .mean, scale: Scale(min: 0, max: 5), criteria: [Criterion(id: "hook", weight: 3)],
                        excludesOwn: true)))
        #expect(workflow.phase("pairs")?.spec == .rank(RankPhase(agents: ["j"], method: .bradleyTerry, comparisons: .pairs)))
        #expect(try WorkflowDefinition(json: workflow.json) == workflow)
    }

    @Test func storedDocumentReadsBackTheSame() throws {
        let workflow = try WorkflowDefinition.parse(Fixtures.launchPost, format: .yaml)
        #expect(try WorkflowDefinition(json: workflow.json) == workflow)
        #expect(try WorkflowDefinition.parse(workflow.json.text, format: .json) == workflow)
    }

    @Test func onlyNameVersionAndPhasesAreNeeded() throws {
        let workflow = try WorkflowDefinition.parse(
            #"{"name": "wait", "version": "0.1.0", "phases": [{"id": "go", "kind": "signal"}]}"#, format: .json)
        #expect(workflow.agents.isEmpty)
        #expect(workflow.input == true)
        #expect(workflow.phases[0].spec == .signal(SignalPhase(name: "go")))
        #expect(workflow.phases[0].timeout == .seconds(300))
        #expect(workflow.phases[0].retry == RetryPolicy())
    }

    @Test func whereAgentsWorkOnlyATimeoutOfTheDefinitionIsShort() throws {
        let text = Fixtures.workflow(phases: [
            Fixtures.write, "id: b, kind: edit, agents: [w]", "id: c, kind: evaluate, agents: [j]", "id: d, kind: select, top: 1",
            "id: e, kind: rank, agents: [j]", "id: f, kind: agent, agents: [w], prompt: Go", "id: g, kind: http, url: 'https://a.example'",
            "id: h, kind: agent, agents: [w], prompt: Go, timeout: 10s",
        ])
        let workflow = try WorkflowDefinition.parse(text, format: .yaml)
        #expect(workflow.phases.map(\.timeout) == [3_600, 3_600, 3_600, 300, 3_600, 3_600, 300, 10].map { Duration.seconds($0) })
    }

    @Test func emptyNeedsMakeARootAndBranchesJoin() throws {
        let text = Fixtures.workflow(phases: [
            Fixtures.write, "id: b, kind: write, agents: [w], prompt: Go, needs: []",
            "id: c, kind: evaluate, agents: [j], needs: [a, b]",
        ])
        let workflow = try WorkflowDefinition.parse(text, format: .yaml)
        #expect(workflow.phases.map(\.needs) == [[], [], ["a", "b"]])
    }

    @Test func needsMayNameALaterPhase() throws {
        let text = Fixtures.workflow(phases: [
            "id: c, kind: evaluate, agents: [j], needs: [a]", Fixtures.write + ", needs: []",
        ])
        #expect(throws: Never.self) { try WorkflowDefinition.parse(text, format: .yaml) }
    }

    @Test func anchorsAndMergeKeysAreResolved() throws {
        let text = """
            name: anchors
            version: 1.0.0
            agents:
              w: &base {role: writer, model: rehearsal/a}
              v: {<<: *base, model: rehearsal/b}
            phases:
              - {id: a, kind: write, agents: &all [w, v], prompt: "2 * 3 *is* six", retry: &patient {max_attempts: 9}}
              - {id: b, kind: edit, agents: *all, retry: *patient}
            """
        let workflow = try WorkflowDefinition.parse(text, format: .yaml)
        #expect(workflow.agents["v"]?.role == "writer")
        #expect(workflow.agents["v"]?.model.model == "b")
        #expect(workflow.phases[1].spec.agents == ["w", "v"])
        #expect(workflow.phases[1].retry.maxAttempts == 9)
        #expect(workflow.phases[0].spec == .write(WritePhase(agents: ["w", "v"], prompt: "2 * 3 *is* six")))
    }

    @Test func nullCountsAsLeftOut() throws {
        let text = Fixtures.workflow(phases: [Fixtures.write + ", concurrency: null, retry: ~"], head: "version: 1.0.0\ndescription:")
        let workflow = try WorkflowDefinition.parse(text, format: .yaml)
        #expect(workflow.description == nil)
        #expect(workflow.phases[0].concurrency == nil)
    }
}
