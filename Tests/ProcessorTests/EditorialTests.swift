import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Editorial workflows", .limit(minutes: 3))
struct EditorialTests {
    @Test("A draft that was cut says so in its row, and so does its step; a whole one says that too")
    func cut() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            try await newsroom.withProcessor(CutModel()) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let wrong = try await newsroom.count(
                    """
                    SELECT count(*) FROM pressroom.outputs o JOIN pressroom.steps s ON s.output_id = o.id AND s.kind = 'write'
                     WHERE o.finish_reason IS DISTINCT FROM CASE WHEN o.track = 'warm' THEN 'length' ELSE 'stop' END
                        OR s.output ->> 'finish_reason' IS DISTINCT FROM o.finish_reason
                    """)
                #expect(wrong == 0)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE finish_reason = 'length'") == 1)
            }
        }
    }

    @Test("Editors and judges are told which draft was cut, also in prompts of the workflow's own; so are later phases")
    func cutIsShown() async throws {
        let own = Definitions.editorial
            .replacing("agents: [copy], max_cycles", with: "agents: [copy], prompt: 'Edit: {{draft}}', max_cycles")
            .replacing("stage: initial, agents", with: "stage: initial, prompt: 'Judge: {{draft}}', agents")
            .replacing("{id: finalists, kind: select, top: 2}", with: "{id: finalists, kind: select, top: 3}")
            .replacing("agents: [ada, bob], points", with: "agents: [ada, bob], prompt: 'Rank them.', points")
        for yaml in [Definitions.editorial.replacing("top: 2", with: "top: 3"), own] {
            try await withNewsroom { newsroom in
                let workflow = try await newsroom.publish(
                    yaml + """

                          - {id: report, kind: agent, agents: [warm], prompt: "Report."}
                          - {id: note, kind: log, message: "{{phases.report.finish_reason}} {{phases.rank.outputs.0.finish_reason}}"}
                        """)
                let model = CutModel()
                try await newsroom.withProcessor(model) { _ in
                    let task = try await newsroom.start(workflow)
                    #expect(try await newsroom.waitForEnd(task) == "completed")
                    #expect(
                        try await newsroom.json("SELECT output FROM pressroom.phases WHERE key = 'report'")["finish_reason"] == "length")
                    let drafts = try await newsroom.json("SELECT pressroom.phase_output(p) -> 'outputs' FROM pressroom.phases p WHERE key = 'rank'").array ?? []
                    #expect(drafts.count == 3)
                    for draft in drafts {
                        #expect(draft["finish_reason"] == (draft["track"] == "warm" ? "length" : "stop"), "\(draft)")
                    }
                    let winner = try await newsroom.json("SELECT result -> 'winner' FROM pressroom.tasks")
                    #expect(winner["finish_reason"] == drafts[0]["finish_reason"])
                    let said = try await newsroom.text("SELECT message FROM pressroom.logs WHERE metadata ->> 'code' IS NULL")
                    #expect(said == "length \(drafts[0]["finish_reason"]?.string ?? "")")
                }
                let prompts = model.requests.filter { $0.schema != nil }.compactMap { $0.messages.last?.content }
                #expect(prompts.count == 3 + 6 + 2)
                for prompt in prompts {
                    #expect(prompt.contains("cut off by a limit") == prompt.contains("A draft by warm."), "\(prompt)")
                }
            }
        }
    }

    @Test("Drafts are written, edited, judged, chosen and ranked")
    func wholeWorkflow() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { $0.soundAnswer }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'approved'") == 3)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 3)
                #expect(
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.evaluations WHERE stage = 'initial' AND status = 'completed'") == 6)
                #expect(
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.evaluations WHERE stage = 'final' AND status = 'completed'") == 4)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE is_finalist") == 2)
                #expect(try await newsroom.text("SELECT string_agg(final_rank::text, ',' ORDER BY final_rank) FROM pressroom.outputs") == "1,2")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status <> 'completed'") == 0)
                #expect(try await newsroom.text("SELECT progress::text FROM pressroom.tasks") == "1")
                #expect(try await newsroom.text("SELECT result -> 'winner' ->> 'content' FROM pressroom.tasks") != "")
                #expect(
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.stream_heads h WHERE position <> (SELECT count(*) FROM pressroom.events)") == 0)
            }
        }
    }
}

/// Cuts what the agent `warm` writes, and is sound otherwise.
private struct CutModel: LanguageModel {
    private let sound = ScriptedModel { $0.soundAnswer }

    var requests: [ModelRequest] { sound.requests }

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        var response = try await sound.complete(request, onText: onText)
        if request.agent == "warm", request.schema == nil { response.finishReason = .length }
        return response
    }
}
