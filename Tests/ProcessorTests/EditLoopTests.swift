import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Edit loop", .limit(minutes: 3))
struct EditLoopTests {
    @Test("A draft that is sent back is rewritten until it is approved, and every text is kept")
    func rewrites() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                guard call.request.schema?.name == "edit_decision" else { return call.soundAnswer }
                // Terse drafts are sent back once; the rewrite is told from the draft by the prompt of the writer.
                return call.prompt.contains("first try by terse")
                    ? #"{"approved": false, "feedback": "Warmer, please.", "content": null}"#
                    : #"{"approved": true, "feedback": "", "content": "Polished."}"#
            }
            let scripted = ScriptedModel { call throws(ProviderError) in
                if call.request.schema == nil {
                    return call.prompt.contains("Warmer, please.") ? "second try by \(call.agent)" : "first try by \(call.agent)"
                }
                return try await model.complete(call.request, onText: { _ in }).text
            }
            try await newsroom.withProcessor(scripted) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let terse = try await newsroom.text(
                    """
                    SELECT string_agg(v.version_number || ' ' || v.action || ': ' || v.content, '; ' ORDER BY v.version_number)
                      FROM pressroom.output_versions v JOIN pressroom.outputs o ON o.id = v.output_id WHERE o.track = 'terse'
                    """)
                #expect(terse == "1 write: first try by terse; 2 rewrite: second try by terse; 3 edit: Polished.")
                #expect(try await newsroom.count("SELECT edit_cycle FROM pressroom.outputs WHERE track = 'terse'") == 2)
                #expect(try await newsroom.count("SELECT edit_cycle FROM pressroom.outputs WHERE track = 'warm'") == 1)
                #expect(
                    try await newsroom.text(
                        "SELECT feedback FROM pressroom.output_versions WHERE action = 'rewrite'") == "Warmer, please.")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status <> 'approved'") == 0)
                // Each step names the text that it brought; an edit only where it polished the draft.
                let brought = try await newsroom.text(
                    """
                    SELECT string_agg(s.kind || ' ' || coalesce(s.output ->> 'version_number', '-'), ', ' ORDER BY s.created_at, s.sequence)
                      FROM pressroom.steps s JOIN pressroom.outputs o ON o.id = s.output_id
                     WHERE o.track = 'terse' AND s.kind IN ('write', 'edit', 'rewrite')
                    """)
                #expect(brought == "write 1, edit -, rewrite 2, edit 3")
            }
        }
    }

    @Test("After max_cycles a draft goes on as it is")
    func maxCycles() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                call.request.schema?.name == "edit_decision"
                    ? #"{"approved": false, "feedback": "No.", "content": null}"# : call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(
                    try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'max_cycles_reached'") == 3)
                // A write and two rewrites: the third refusal ends it.
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 9)
                #expect(try await newsroom.count("SELECT min(edit_cycle) FROM pressroom.outputs") == 3)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE stage = 'initial'") == 6)
            }
        }
    }

    @Test("A fast draft is edited and judged while a slow one is still being written")
    func noBarrier() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call in
                if call.request.schema == nil && call.agent == "third" { await gate.wait() }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE status = 'completed'") == 4
                }
                #expect(try await newsroom.text("SELECT status FROM pressroom.phases WHERE key = 'write'") == "running")
                #expect(try await newsroom.text("SELECT status FROM pressroom.phases WHERE key = 'finalists'") == "pending")
                gate.open()
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE stage = 'initial'") == 6)
            }
        }
    }
}
