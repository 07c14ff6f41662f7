import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// What a node goes on with instead of reading it again, and when it must not.
@Suite("Known tasks", .limit(minutes: 3))
struct KnownTasksTests {
    private static let chain = """
        name: chain
        version: 1.0.0
        phases:
          - {id: first, kind: http, url: "http://localhost/1"}
          - {id: second, kind: http, url: "http://localhost/2", needs: [first]}
          - {id: third, kind: http, url: "http://localhost/3", needs: [second]}
        """

    private static let drafts = """
        name: drafts
        version: 1.0.0
        agents:
          anna: {role: writer, model: rehearsal/anna}
          ed: {role: editor, model: rehearsal/ed}
          judge: {role: evaluator, model: rehearsal/judge}
        phases:
          - {id: write, kind: write, agents: [anna], prompt: Write.}
          - {id: edit, kind: edit, agents: [ed], max_cycles: 2}
          - {id: judge, kind: evaluate, agents: [judge]}
        """

    /// A task whose first step runs, by the hands of the test.
    private struct Bench {
        let newsroom: Newsroom
        let taskID: UUID
        let workflow: WorkflowVersion
        let processorID = UUIDv7.next()

        init(_ newsroom: Newsroom, _ definition: String = KnownTasksTests.chain) async throws {
            let published = try await newsroom.publish(definition)
            self.newsroom = newsroom
            workflow = WorkflowVersion(id: published.0, definition: published.1)
            taskID = try await newsroom.start(published)
        }

        /// Opens the first phase and runs its step.
        func begin() async throws -> [KnownTaskGraph] {
            try await newsroom.store.changeTaskGraphs(newsroom.scope, [taskID]) { step(&$0) }.known
        }

        /// Ends the step that runs and begins the next.
        func goOn(_ known: [KnownTaskGraph], lockTimeout: Duration = .milliseconds(100)) async throws -> [KnownTaskGraph]? {
            try await newsroom.store.withKnownTaskGraphs(newsroom.scope, known, lockTimeout: lockTimeout) { step(&$0) }?.known
        }

        private func step(_ graphs: inout [TaskGraph]) {
            guard !graphs.isEmpty else { return }
            var engine = TaskEngine(graphs[0], workflow)
            if let open = graphs[0].steps.first(where: { $0.status == .running }) {
                let step = ClaimedStep(open, taskID: taskID, tenantID: "default")
                engine.record(FinishedStep(step, .completed(Self.result(of: open.kind))), processorID: processorID, random: 0)
            }
            engine.advance()
            _ = engine.claimNewSteps(for: processorID, tenantID: "default", max: 10, [:])
            graphs[0] = engine.graph
        }

        private static func result(of kind: StepKind) -> StepResult {
            switch kind {
            case .write, .rewrite: .text("A draft.", nil, usage: .zero)
            case .edit: .decision(EditDecision(isApproved: false, feedback: "Shorter."), usage: .zero)
            default: .value(["n": 1])
            }
        }

        /// The statuses of the draft and of its verdict.
        func works() async throws -> String {
            try await newsroom.text(
                """
                SELECT concat_ws(' ', (SELECT status FROM pressroom.outputs), (SELECT status FROM pressroom.evaluations))
                """)
        }

        func rows() async throws -> String {
            try await newsroom.text(
                """
                SELECT string_agg(x, ' ') FROM (
                    SELECT status || ':' || coalesce(phase, '') AS x FROM pressroom.tasks UNION ALL
                    (SELECT key || ':' || status FROM pressroom.phases ORDER BY ordinal) UNION ALL
                    (SELECT sequence || ':' || status FROM pressroom.steps ORDER BY sequence)) rows
                """)
        }

        func head() async throws -> Int { try await newsroom.count("SELECT position FROM pressroom.stream_heads") }
    }

    @Test("A task runs to its end without being read again, and each transaction's events are in the order of its rows")
    func goesOn() async throws {
        try await withNewsroom { newsroom in
            let bench = try await Bench(newsroom)
            var known = try await bench.begin()
            #expect(try await bench.rows() == "running:first first:running second:pending third:pending 0:running")
            let start = try await bench.head()
            known = try #require(try await bench.goOn(known))
            #expect(known.count == 1)
            #expect(try await bench.rows() == "running:second first:completed second:running third:pending 0:completed 1:running")
            let types = try await newsroom.text(
                "SELECT string_agg(type, ' ' ORDER BY position) FROM pressroom.events WHERE position > \(start)")
            #expect(types == "attempt_recorded step_updated queue_built phase_changed phase_changed task_updated")
            #expect(try await bench.head() == start + 6)
            known = try #require(try await bench.goOn(known))
            known = try #require(try await bench.goOn(known))
            #expect(known.isEmpty, "an ended task is not kept")
            #expect(
                try await bench.rows()
                    == "completed:third first:completed second:completed third:completed 0:completed 1:completed 2:completed")
        }
    }

    @Test("Drafts and verdicts are claimed with the steps that work on them, and the task is not read again")
    func drafts() async throws {
        try await withNewsroom { newsroom in
            let bench = try await Bench(newsroom, Self.drafts)
            var known = try await bench.begin()
            var works = [try await bench.works()]
            for _ in 0..<4 {
                known = try #require(try await bench.goOn(known))
                works.append(try await bench.works())
            }
            #expect(works == ["writing", "editing", "rewriting", "editing", "max_cycles_reached processing"])
            #expect(known.count == 1)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 2)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'running' AND kind = 'evaluate'") == 1)
        }
    }

    @Test(
        "A draft or a verdict that was changed meanwhile ends the transaction too",
        arguments: [
            (2, "UPDATE pressroom.outputs SET content = 'By hand.'"),
            (4, "UPDATE pressroom.evaluations SET evaluator = '{\"slug\": \"judge\"}'"),
            (1, "UPDATE pressroom.outputs SET status = 'failed'"),
        ])
    func worksChangedByHand(transactions: Int, change: String) async throws {
        try await withNewsroom { newsroom in
            let bench = try await Bench(newsroom, Self.drafts)
            var known = try await bench.begin()
            for _ in 0..<transactions { known = try #require(try await bench.goOn(known)) }
            _ = try await newsroom.client.query(PostgresQuery(sql: change))
            let (works, head) = (try await bench.works(), try await bench.head())
            let error = await #expect(throws: PostgresError.self) { _ = try await bench.goOn(known) }
            #expect(error?.sqlState != nil)
            #expect(try await bench.works() == works)
            #expect(try await bench.head() == head)
        }
    }

    @Test(
        "What somebody else has changed meanwhile ends the transaction, and nothing is written",
        arguments: [
            "UPDATE pressroom.phases SET input = '{}' WHERE key = 'third'",
            "UPDATE pressroom.steps SET max_attempts = 9",
            "UPDATE pressroom.tasks SET status = 'paused'",
            "SELECT pressroom.delete_task(tenant_id, task_id) FROM pressroom.tasks",
            "INSERT INTO pressroom.signals (tenant_id, task_id, name, data) SELECT tenant_id, task_id, 'go', '{}' FROM pressroom.tasks",
        ])
    func changedByHand(change: String) async throws {
        try await withNewsroom { newsroom in
            let bench = try await Bench(newsroom)
            let known = try await bench.begin()
            _ = try await newsroom.client.query(PostgresQuery(sql: change))
            let (rows, head) = (try await bench.rows(), try await bench.head())
            let error = await #expect(throws: PostgresError.self) { _ = try await bench.goOn(known) }
            #expect(error?.sqlState != nil)
            #expect(try await bench.rows() == rows)
            #expect(try await bench.head() == head)
        }
    }

    @Test("Whoever waits for a row that an operator holds keeps no other task's transaction waiting")
    func heldRow() async throws {
        try await withNewsroom { newsroom in
            let bench = try await Bench(newsroom)
            let known = try await bench.begin()
            try await newsroom.client.withConnection { operatorSession in
                _ = try await operatorSession.query("BEGIN")
                _ = try await operatorSession.query("SELECT FROM pressroom.phases WHERE key = 'second' FOR UPDATE")
                let error = await #expect(throws: PostgresError.self) { _ = try await bench.goOn(known) }
                #expect(error?.sqlState == "55P03")
                async let waiting = bench.goOn(known, lockTimeout: .seconds(300))
                while try await newsroom.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'") == 0 {}
                let other = try await newsroom.start(try await newsroom.publish(Self.chain.replacing("chain", with: "other")))
                #expect(try await newsroom.status(other) == "pending")
                _ = try await operatorSession.query("ROLLBACK")
                #expect(try await waiting?.count == 1)
            }
        }
    }
}
