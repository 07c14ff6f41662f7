import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Graphs of phases", .limit(minutes: 3))
struct GraphTests {
    private static let agents = """
        name: graph
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
          terse: {role: writer, model: test/m}
          copy: {role: editor, model: test/m}
          ada: {role: evaluator, model: test/m}
        phases:

        """

    @Test(
        "Each comes to its end, with the drafts that it should have judged",
        arguments: [
            (
                "a choice before the edit", 2,
                """
                  - {id: write, kind: write, agents: [warm, terse], prompt: p}
                  - {id: judge, kind: evaluate, agents: [ada]}
                  - {id: finalists, kind: select, top: 1}
                  - {id: edit, kind: edit, agents: [copy]}
                """
            ),
            (
                "a join of two edited branches", 2,
                """
                  - {id: wa, kind: write, agents: [warm], prompt: p, needs: []}
                  - {id: ea, kind: edit, agents: [copy]}
                  - {id: wb, kind: write, agents: [terse], prompt: p, needs: []}
                  - {id: eb, kind: edit, agents: [copy]}
                  - {id: judge, kind: evaluate, agents: [ada], needs: [ea, eb]}
                """
            ),
            (
                "a join of an edited and an unedited branch", 2,
                """
                  - {id: wa, kind: write, agents: [warm], prompt: p, needs: []}
                  - {id: ea, kind: edit, agents: [copy]}
                  - {id: wb, kind: write, agents: [terse], prompt: p, needs: []}
                  - {id: judge, kind: evaluate, agents: [ada], needs: [ea, wb]}
                """
            ),
            (
                "two edits, the second one listed first", 2,
                """
                  - {id: write, kind: write, agents: [warm, terse], prompt: p}
                  - {id: second, kind: edit, agents: [copy], needs: [first]}
                  - {id: first, kind: edit, agents: [copy], needs: [write]}
                  - {id: judge, kind: evaluate, agents: [ada], needs: [second]}
                """
            ),
            (
                "one step at a time", 2,
                """
                  - {id: write, kind: write, agents: [warm, terse], prompt: p, concurrency: 1}
                  - {id: judge, kind: evaluate, agents: [ada], concurrency: 1}
                """
            ),
        ] as [(String, Int, String)])
    func shapes(_ name: String, judged: Int, phases: String) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.agents + phases)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed", "\(name)")
                #expect(
                    try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE status = 'completed'") == judged, "\(name)")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.phases WHERE status <> 'completed'") == 0, "\(name)")
            }
        }
    }

    @Test("A later choice narrows an earlier one")
    func twoChoices() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                Self.agents + """
                      - {id: write, kind: write, agents: [warm, terse], prompt: p}
                      - {id: judge, kind: evaluate, agents: [ada]}
                      - {id: two, kind: select, top: 2}
                      - {id: one, kind: select, top: 1}
                      - {id: rank, kind: rank, agents: [ada]}
                    """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE is_finalist") == 1)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE stage = 'final'") == 1)
            }
        }
    }
}
