import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Faults at random", .limit(minutes: 5))
struct FaultTests {
    @Test("Many tasks with models that fail at random all end, and every result is recorded once", arguments: 1...3)
    func randomFaults(round: Int) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("random faults: seed \(seed)")
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call throws(ProviderError) in
                var chance = SeededGenerator(seedingFrom: "\(seed)", call.agent, call.prompt, "\(call.repetition)")
                switch Int.random(in: 0..<10, using: &chance) {
                case 0: throw ProviderError(code: .unavailable, message: "down")
                case 1: throw ProviderError(code: .rateLimited, message: "slow down", retryAfter: .milliseconds(3))
                case 2 where call.request.schema != nil: return "{\"approved\": perhaps"
                case 3: throw ProviderError(code: .refused, message: "no")
                case 4 where call.request.schema?.name == "edit_decision":
                    return #"{"approved": false, "feedback": "again", "content": null}"#
                default: return call.soundAnswer
                }
            }
            try await newsroom.withProcessor(model) { _ in
                var tasks: [UUID] = []
                for _ in 0..<20 { tasks.append(try await newsroom.start(workflow)) }
                for task in tasks {
                    let status = try await newsroom.waitForEnd(task)
                    #expect(["completed", "failed"].contains(status), "seed \(seed)")
                }
            }
            let invariants: [(String, PostgresQuery)] = [
                ("open steps of ended tasks", "SELECT count(*) FROM pressroom.steps WHERE status NOT IN ('completed', 'failed', 'skipped', 'cancelled')"),
                ("open phases of ended tasks", "SELECT count(*) FROM pressroom.phases WHERE status NOT IN ('completed', 'failed', 'skipped', 'cancelled')"),
                ("gaps in the log", "SELECT position - (SELECT count(*) FROM pressroom.events) FROM pressroom.stream_heads"),
                ("changes left behind", "SELECT count(*) FROM pressroom.pending_events"),
                ("texts in progress", "SELECT count(*) FROM pressroom.live_texts"),
                (
                    "outputs without their version",
                    """
                    SELECT count(*) FROM pressroom.outputs o WHERE o.version_number
                           <> (SELECT count(*) FROM pressroom.output_versions v WHERE v.output_id = o.id)
                    """
                ),
                (
                    "scores that nobody gave",
                    "SELECT count(*) FROM pressroom.evaluations WHERE status <> 'completed' AND (score IS NOT NULL OR rank IS NOT NULL)"
                ),
                (
                    "rankings that do not add up",
                    """
                    SELECT count(*) FROM pressroom.rankings r WHERE (r.evaluations_counted, r.evaluations_failed)
                           <> (SELECT count(*) FILTER (WHERE e.status = 'completed'), count(*) FILTER (WHERE e.status = 'failed')
                                 FROM pressroom.evaluations e WHERE e.phase_id = r.phase_id)
                    """
                ),
            ]
            for (name, query) in invariants {
                #expect(try await newsroom.count(query) == 0, "\(name), seed \(seed)")
            }
        }
    }
}
