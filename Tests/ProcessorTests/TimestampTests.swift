import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Times of tasks and phases", .limit(minutes: 3))
struct TimestampTests {
    private static let instant = """
        name: instant
        version: 1.0.0
        phases:
          - {id: one, kind: transform, expression: "$.input.topic"}
          - {id: two, kind: transform, expression: "$.phases.one"}
          - {id: three, kind: transform, expression: "$.phases.two"}
          - {id: four, kind: transform, expression: "$.phases.three"}
        """

    @Test("A task of kinds without steps begins and ends, though its rows go from pending to completed at once")
    func withoutSteps() async throws {
        try await withNewsroom { newsroom in
            let task = try await run(newsroom, Self.instant, endsAs: "completed")
            #expect(try await phasesInOrder(newsroom, task, "completed") == 4)
        }
    }

    @Test("A task that only waits has begun when its wait ends")
    func onlyWaits() async throws {
        try await withNewsroom { newsroom in
            let yaml = """
                name: hold
                version: 1.0.0
                phases:
                  - {id: hold, kind: signal, name: go}
                """
            let task = try await run(newsroom, yaml, endsAs: "completed") { task in
                try await newsroom.until { try await newsroom.status(task) == "waiting" }
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks WHERE started_at >= created_at") == 1)
                try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "go", data: 1)
            }
            #expect(try await phasesInOrder(newsroom, task, "completed") == 1)
        }
    }

    @Test("A phase that fails as it opens has begun, and so has its task; one that is skipped has not")
    func failsAtOnce() async throws {
        try await withNewsroom { newsroom in
            let yaml = """
                name: long
                version: 1.0.0
                phases:
                  - {id: list, kind: transform, expression: "$.item", for_each: "$.input.list[*]", max_items: 1}
                  - {id: behind, kind: transform, expression: "$.input.list"}
                """
            let task = try await run(newsroom, yaml, input: ["list": [1, 2]], endsAs: "failed")
            #expect(try await phasesInOrder(newsroom, task, "failed") == 1)
            #expect(
                try await newsroom.count(
                    """
                    SELECT count(*) FROM pressroom.phases
                     WHERE task_id = \(task) AND status = 'skipped' AND started_at IS NULL AND completed_at >= created_at
                    """) == 1)
        }
    }

    @Test("A task that is cancelled before it ran has not begun")
    func cancelledBefore() async throws {
        try await withNewsroom { newsroom in
            let task = try await newsroom.start(try await newsroom.publish(Self.instant))
            _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil)
            #expect(
                try await newsroom.count(
                    """
                    SELECT count(*) FROM pressroom.tasks
                     WHERE task_id = \(task) AND status = 'cancelled' AND started_at IS NULL AND cancelled_at >= created_at
                    """) == 1)
            #expect(try await broken(newsroom) == [])
        }
    }

    // MARK: -

    /// Runs one task to its end, which is to have all its times in order.
    private func run(
        _ newsroom: Newsroom, _ yaml: String, input: JSON = ["topic": "tests"], endsAs status: String,
        _ body: @Sendable (UUID) async throws -> Void = { _ in }
    ) async throws -> UUID {
        let workflow = try await newsroom.publish(yaml)
        let task = try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
            let task = try await newsroom.start(workflow, input: input)
            try await body(task)
            #expect(try await newsroom.waitForEnd(task) == status)
            return task
        }
        #expect(
            try await newsroom.count(
                """
                SELECT count(*) FROM pressroom.tasks
                 WHERE task_id = \(task) AND created_at <= started_at AND started_at <= coalesce(completed_at, failed_at)
                """) == 1)
        #expect(try await broken(newsroom) == [])
        return task
    }

    private func phasesInOrder(_ newsroom: Newsroom, _ task: UUID, _ status: String) async throws -> Int {
        try await newsroom.count(
            """
            SELECT count(*) FROM pressroom.phases
             WHERE task_id = \(task) AND status = \(status) AND created_at <= started_at AND started_at <= completed_at
            """)
    }

    /// Which invariants of times are broken.
    private func broken(_ newsroom: Newsroom) async throws -> [String] {
        let path = PostgresTestDirectory.migrations + "/../checks/invariants.sql"
        let report = try await newsroom.store.checkInvariants(
            script: try String(contentsOfFile: path, encoding: .utf8), tasks: .all, grace: .seconds(5))
        return report.broken.filter { $0.name.hasPrefix("time") }.map { "\($0.name): \($0.samples)" }
    }
}
