import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("What tasks take", .limit(minutes: 3))
struct UsageTests {
    private static let tokens: PostgresQuery = "SELECT usage ->> 'total_tokens' FROM pressroom.tasks"

    @Test("A task's usage is that of all its calls, unreadable answers included")
    func sum() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                // Bob's scores can be read at the third time only.
                call.agent == "bob" && call.request.schema?.name == "evaluation" && call.repetition < 3 ? "8 of 10" : call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT max(attempt) FROM pressroom.steps") == 3)
                // ScriptedModel counts 15 tokens a call.
                #expect(try await newsroom.text(Self.tokens) == "\(model.calls.count * 15)")
                #expect(try await newsroom.text("SELECT usage ->> 'models' FROM pressroom.tasks") == #"["test/m"]"#)
                #expect(try await newsroom.text("SELECT (usage -> 'cost') IS NULL FROM pressroom.tasks") == "t")
                // The row is what clients see.
                let rows = try await newsroom.client.query(
                    "SELECT payload -> 'task' ->> 'usage' AS usage FROM pressroom.events WHERE type = 'task_updated' ORDER BY position DESC LIMIT 1")
                let last = try JSON(parsing: try #require(rows.first).decode("usage", as: String.self))
                #expect(last["total_tokens"]?.int == model.calls.count * 15)
            }
        }
    }

    @Test("A failed task keeps what it took")
    func failed() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: empty
                version: 1.0.0
                agents:
                  warm: {role: writer, model: test/m}
                phases:
                  - {id: write, kind: write, agents: [warm], prompt: Go, retry: {max_attempts: 2, initial: 1ms}}
                """)
            try await newsroom.withProcessor(ScriptedModel { _ in " " }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text(Self.tokens) == "30")
            }
        }
    }

    @Test("A model that is down is replaced, and the rows say by which")
    func fallback() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: spare
                version: 1.0.0
                agents:
                  warm: {role: writer, model: [test/a, test/b]}
                  terse: {role: writer, model: [test/a, test/b]}
                phases:
                  - {id: write, kind: write, agents: [warm, terse], prompt: "Write on {{topic}}.", retry: {max_attempts: 1}}
                """)
            let model = ScriptedModel { call throws(ProviderError) in
                if call.request.model.model == "a" {
                    // Terse's request is bad in itself.
                    throw ProviderError(code: call.agent == "warm" ? .unavailable : .invalidRequest, message: "no")
                }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(
                    try await newsroom.text("SELECT output -> 'usage' ->> 'models' FROM pressroom.steps WHERE agent = 'warm'")
                        == #"["test/b"]"#)
                #expect(
                    try await newsroom.text("SELECT usage ->> 'models' FROM pressroom.outputs WHERE track = 'warm'") == #"["test/b"]"#)
                #expect(try await newsroom.text("SELECT usage ->> 'models' FROM pressroom.tasks") == #"["test/b"]"#)
                // What claims count stays the first.
                #expect(try await newsroom.text("SELECT DISTINCT model FROM pressroom.steps") == "test/a")
                #expect(
                    try await newsroom.text("SELECT error ->> 'code' FROM pressroom.steps WHERE agent = 'terse'") == "invalid_request")
                #expect(model.calls.count == 3)
            }
        }
    }
}
