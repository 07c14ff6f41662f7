import Base
import Client
import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing
import Workflow

/// Whole tasks on a provider whose answers are random in every way, in both dialects: drafts, edits, verdicts, ballots and
/// agents with a schema. `PRESSROOM_TEST_ANSWERS=n` makes about so many answers, `PRESSROOM_TEST_SEED=s` repeats a seed's.
@Suite(.limit(minutes: 60))
struct RandomAnswerTests {
    /// What one request was sent.
    private struct Sent: Sendable {
        let text: String
        let outcome: RandomAnswer.Outcome
        let hasToArrive: Bool
        let isDraft: Bool
        /// The topic of the task that asked.
        let topic: String
        /// Occurs in nothing else.
        let mark: String
    }

    private static let count = ProcessInfo.processInfo.environment["PRESSROOM_TEST_ANSWERS"].flatMap { Int($0) } ?? 300

    private static let workflow = """
        name: swarm
        version: 1.0.0
        agents:
          warm: {role: writer, model: one/warm}
          terse: {role: writer, model: other/terse}
          copy: {role: editor, model: one/copy}
          ada: {role: evaluator, model: one/ada}
          bob: {role: evaluator, model: other/bob}
        phases:
          - {id: plan, kind: agent, agents: [warm], prompt: "Plan {{topic}}.", RETRY, on_failure: continue,
             output: {type: object, required: [plan], properties: {plan: {type: string}, count: {type: integer}}}}
          - {id: say, kind: agent, agents: [terse], prompt: "Say {{topic}}.", RETRY, on_failure: continue,
             output: {type: object, required: [plan], properties: {plan: {type: string}}}}
          - {id: write, kind: write, agents: [warm, terse], prompt: "Write on {{topic}}.", RETRY}
          - {id: edit, kind: edit, agents: [copy], max_cycles: 2, RETRY}
          - {id: judge, kind: evaluate, stage: initial, agents: [ada, bob], criteria: [{id: clarity}], RETRY}
          - {id: finalists, kind: select, top: 2}
          - {id: rank, kind: rank, agents: [ada, bob], RETRY}
        """.replacing("RETRY", with: "retry: {max_attempts: 6, initial: 5ms, factor: 1, max: 1s}")

    @Test("Every task ends; every draft was whole on the wire or is marked; every whole answer is taken")
    func tasks() async throws {
        let seed = Seed.pick("answers to whole tasks")
        let sent = Mutex<[Sent]>([])
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(
                with: .init { request, reply in
                    guard let body = request.json else { return try await reply.cut() }
                    let answer = sent.withLock { sent in
                        let (answer, record) = Self.answer(SeededGenerator(seedingFrom: "\(seed)", "\(sent.count)"), sent.count, request.path, body)
                        sent.append(record)
                        return answer
                    }
                    try await answer.script.run(request, reply)
                })
            let yaml = """
                processor: {concurrency: 48}
                providers:
                  one: {kind: openai, base_url: "\(server.baseURL)", stall_timeout: 4s, first_token_timeout: 4s}
                  other: {kind: anthropic, base_url: "\(server.baseURL)", stall_timeout: 4s, first_token_timeout: 4s}
                """
            try await withService(ServiceSetup(yaml: yaml, limit: .seconds(3_000))) { service in
                try await service.publish(Self.workflow)
                // About eighteen answers a task.
                let tasks = max(4, Self.count / 18)
                let topics = try await withThrowingTaskGroup(of: (String, String, String).self) { group in
                    // As many at a time as the client has connections for.
                    let turns = Slots(6)
                    for number in 0..<tasks {
                        let topic = "topic-\(number)-"
                        group.addTask {
                            try await turns.hold {
                                let task = try await service.startTask("swarm", topic: topic)
                                return (topic, task, try await service.end(of: task))
                            }
                        }
                    }
                    return try await group.reduce(into: [String: (task: String, status: String)]()) { $0[$1.0] = ($1.1, $1.2) }
                }
                try await check(sent.withLock { $0 }, topics, service, seed)
                #expect(service.errorLines.isEmpty, "\(service.errorLines)")
                try await EventAudit.check(service)
                try await Invariants.check(service)
            }
        }
    }

    private static func answer(_ generator: SeededGenerator, _ number: Int, _ path: String, _ body: JSON) -> (RandomAnswer, Sent) {
        var generator = generator
        let topic = body["messages"]?.array?.lazy.compactMap { $0["content"]?.string }
            .compactMap { $0.firstMatch(of: /topic-[0-9]+-/)?.output }.first.map(String.init) ?? ""
        let mark = "mark-\(number)-"
        let value = ScriptedModelServer.Script.decentValue(for: body)
        let text = value.map { marked($0, mark).text } ?? "\(topic) \(mark) " + generator.modelText()
        let tool = body["tool_choice"]?["name"]?.string
        let answer = RandomAnswer(generator, api: path.hasSuffix("/messages") ? .anthropic : .openai, text: text, tool: tool)
        // A model that is asked to go on with an answer that was cut is shown what came before.
        let begun = body["messages"]?.array?.first { $0["role"] == "assistant" }?["content"]?.string ?? ""
        let sent = Sent(
            text: begun + text, outcome: answer.outcome, hasToArrive: answer.hasToArrive, isDraft: value == nil, topic: topic, mark: mark)
        return (answer, sent)
    }

    /// A value whose first free text carries a mark.
    private static func marked(_ value: JSON, _ mark: String) -> JSON {
        var copy = value
        for (key, member) in value.object ?? [:] where member.string?.hasPrefix("A scripted remark") == true {
            copy[key] = .string(mark + " A remark.")
            return copy
        }
        return copy
    }

    private func check(
        _ sent: [Sent], _ topics: [String: (task: String, status: String)], _ service: TestService, _ seed: UInt64
    ) async throws {
        #expect(topics.values.allSatisfy { ["completed", "failed"].contains($0.status) }, "seed \(seed): \(topics)")
        let versions = try await service.sql(
            """
            SELECT v.content, v.version_number = o.version_number AS is_current, o.finish_reason FROM pressroom.output_versions v
              JOIN pressroom.outputs o ON o.tenant_id = v.tenant_id AND o.id = v.output_id
            """)
        let byText = Dictionary(sent.map { (Data($0.text.utf8), $0) }) { first, _ in first }
        for row in versions {
            let content: String = try row.decode("content")
            let source = byText[Data(content.utf8)]
            #expect(source != nil, "seed \(seed): no answer had this draft whole: \(content)")
            guard let source, try row.decode("is_current", as: Bool.self) else { continue }
            let reason: String? = try row.decode("finish_reason")
            let isMarked = reason.map { FinishReason(rawValue: $0).isCut } ?? false
            #expect(isMarked == (source.outcome == .cut), "seed \(seed), \(source.mark): \(String(describing: reason))")
            #expect(source.outcome != .failure, "seed \(seed), \(source.mark)")
        }
        // Marks of all that was taken, wherever it is kept.
        var kept: Set<String> = []
        let rows = try await service.sql(
            """
            SELECT t::text FROM pressroom.output_versions t UNION ALL SELECT t::text FROM pressroom.outputs t
            UNION ALL SELECT t::text FROM pressroom.evaluations t UNION ALL SELECT t::text FROM pressroom.phases t
            UNION ALL SELECT t::text FROM pressroom.steps t
            """)
        for row in rows {
            let text: String = try row.decode(0)
            kept.formUnion(text.matches(of: /mark-[0-9]+-/).map { String($0.output) })
        }
        let whole = sent.filter { $0.outcome == .whole && $0.hasToArrive && $0.text.contains($0.mark) }
        for answer in whole where topics[answer.topic]?.status == "completed" {
            #expect(kept.contains(answer.mark), "seed \(seed): was not taken: \(answer.text)")
        }
        let completed = topics.values.count { $0.status == "completed" }
        print("answers: \(sent.count) of which \(whole.count) whole, \(sent.count { $0.outcome == .cut }) cut; \(completed) of \(topics.count) tasks completed")
        #expect(completed > topics.count / 4, "seed \(seed)")
    }
}
