import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

private let benchProgram = ProcessInfo.processInfo.environment["PRESSROOM_TEST_BENCH"]

/// `pressroom-bench` with small loads: what it counts, not how fast it was. `scripts/test --only bench` builds the program
/// and names it.
@Suite(.enabled(if: benchProgram != nil)) struct BenchTests {
    private struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String

        /// The report of a run that went well.
        func report() throws -> JSON {
            try #require(status == 0, "\(self)")
            return try JSON(parsing: output)
        }
    }

    private func bench(_ service: TestService, _ arguments: String...) async throws -> Outcome {
        let child = try ChildProgram(
            #require(benchProgram), arguments + ["--json"], environment: ["PRESSROOM_URL": service.baseURL], directory: "/tmp")
        do {
            let status = try await within(.seconds(90), "bench \(arguments.joined(separator: " "))") { try await child.exit() }
            return Outcome(status: status, output: child.output.text, errors: child.errors.text)
        } catch {
            child.send(SIGKILL)
            throw error
        }
    }

    @Test func everyEventReachesEveryReaderOnce() async throws {
        try await withService { service in
            for size in ["64", "500", "70000"] {
                let report = try await bench(
                    service, "fan-out", "--subscribers", "20", "--publishers", "3", "--messages", "10", "--size", size
                ).report()
                #expect(report["delivered"] == 600 && report["published"] == 30, "\(report)")
                #expect(report["missing"] == 0 && report["doubled"] == 0 && report["cut_off"] == 0, "\(report)")
                #expect((report["post_to_receipt_p50_ms"]?.double ?? 0) > 0, "\(report)")
            }
            #expect(try await service.number("SELECT count(*) FROM pressroom.events WHERE type = 'custom.bench'") == 90)
            #expect(try await service.number("SELECT count(*) FROM pressroom.tasks WHERE status = 'cancelled'") == 3)
        }
    }

    @Test func randomDocumentsAreTaken() async throws {
        try await withService { service in
            let report = try await bench(service, "turns", "--documents", "50", "--seed", "3").report()
            #expect(report["documents"] == 50 && (report["requests"]?.int ?? 0) >= 50, "\(report)")
            #expect((report["refused"]?.int ?? 0) < (report["requests"]?.int ?? 0), "\(report)")
            #expect(report["longest_turn_ms"] == nil, "\(report)")
            #expect(try await service.number("SELECT count(*) FROM pressroom.tasks WHERE workflow_name = 'bench-turns'") > 0)
            let unmeasured = try await bench(service, "turns", "--documents", "1", "--turns", "/dev/null")
            #expect(unmeasured.status == 1 && unmeasured.errors.contains("has no turn"), "\(unmeasured)")
        }
    }

    @Test func aTaskThatIsNamedIsUsedAndLeft() async throws {
        try await withService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            let report = try await bench(
                service, "latency", "--subscribers", "5", "--rate", "50", "--seconds", "1", "--task", task
            ).report()
            #expect(report["delivered"] == 250, "\(report)")
            for name in ["commit_to_receipt_p50_ms", "post_to_receipt_p50_ms"] {
                let value = try #require(report[name]?.double, "\(report)")
                #expect(value > 0 && value < 60_000, "\(name): \(value)")
            }
            #expect(try await service.number("SELECT count(*) FROM pressroom.tasks WHERE status = 'cancelled'") == 0)
        }
    }

    @Test func readersThatMissEventsAreNoticed() async throws {
        try await withService { service in
            try await service.publish(Definitions.held())
            let (first, second) = (try await service.startTask("held"), try await service.startTask("held"))
            let outcome = try await bench(
                service, "fan-out", "--subscribers", "4", "--publishers", "1", "--messages", "2", "--timeout", "3",
                "--subscribe-path", "/api/v1/tasks/\(first)/stream?from=now", "--publish-path", "/api/v1/tasks/\(second)/events")
            #expect(outcome.status == 1 && outcome.errors.contains("8 events were missed"), "\(outcome)")
            #expect(try JSON(parsing: outcome.output)["missing"] == 8)
        }
    }

    @Test func idleReadersNewOnesAndASlowOneAreMeasured() async throws {
        try await withService { service in
            let pid = try #require(service.child).pid
            let idle = try await bench(service, "idle", "--subscribers", "50", "--pid", "\(pid)", "--settle", "0.2").report()
            #expect(idle["received"] == 50 && (idle["connected_kb"]?.int ?? 0) > 1000, "\(idle)")
            let connect = try await bench(
                service, "connect", "--connections", "30", "--subscribers", "10", "--publishers", "2"
            ).report()
            #expect(connect["connections"] == 30 && (connect["all_ready_ms"]?.double ?? 0) > 0, "\(connect)")
            let slow = try await bench(
                service, "slow-reader", "--subscribers", "10", "--seconds", "1", "--rate", "50", "--rounds", "2"
            ).report()
            #expect(slow["p99_ms_with"]?.array?.count == 2 && slow["p99_ms_without"]?.array?.count == 2, "\(slow)")
            #expect((slow["slow_reader_bytes"]?.int ?? 0) > 0, "\(slow)")
        }
    }

    @Test func statesAndStepsAreMeasured() async throws {
        let yaml = "providers: {nothing: {kind: rehearsal, tokens_per_second: 0}}"
        try await withService(ServiceSetup(yaml: yaml)) { service in
            let state = try await bench(service, "state", "--model", "nothing/any", "--seconds", "1").report()
            #expect(state["outputs"] == 20 && state["evaluations"] == 80, "\(state)")
            #expect((state["requests"]?.int ?? 0) > 0, "\(state)")
            let steps = try await bench(service, "steps", "--model", "nothing/any", "--tasks", "10").report()
            #expect((steps["steps_per_second"]?.double ?? 0) > 0, "\(steps)")
            let lines = try await bench(
                service, "steps", "--kind", "log", "--attributes", "message: Go.", "--tasks", "3"
            ).report()
            #expect((lines["steps_per_second"]?.double ?? 0) > 0, "\(lines)")
            let backlog = try await bench(
                service, "steps", "--kind", "log", "--attributes", "message: Go.", "--tasks", "3", "--backlog", "3"
            ).report()
            #expect((backlog["steps_per_second"]?.double ?? 0) > 0, "\(backlog)")
            let start = try await bench(service, "start", "--model", "nothing/any", "--tasks", "2").report()
            #expect((start["post_to_running_p50_ms"]?.double ?? 0) > 0, "\(start)")
            // 12 that were measured, and one before the measure of starts.
            let workflow = "bench-steps-nothing-any"
            #expect(
                try await service.number(
                    "SELECT count(*) FROM pressroom.tasks WHERE workflow_name = \(workflow) AND status = 'completed'") == 13)
        }
    }

    @Test func largeTablesAreMadeAndMeasured() async throws {
        try await withService(ServiceSetup(yaml: "providers: {nothing: {kind: rehearsal, tokens_per_second: 0}}")) { service in
            try await service.publish(Definitions.draft("nothing"))
            for _ in 0..<3 {
                let task = try await service.startTask("draft")
                let status = try await service.end(of: task)
                #expect(status == "completed")
            }
            let exit = try await service.terminate()
            #expect(exit == 0)
            let empty = try await bench(service, "scale", "--database-url", service.databaseText, "--tenant", "nobody")
            #expect(empty.status == 1 && empty.errors.contains("no tasks"), "\(empty)")
            let script = try String(
                contentsOfFile: PostgresTestDirectory.migrations + "/../Benchmarks/scale/data_set.sql", encoding: .utf8)
            try await service.database.withConnection { connection in
                let calls = ["scale.learn()", "scale.grow('default', 200)", "scale.queue('default', 64)"].map { "CALL \($0)" }
                for script in [script] + calls + ["ANALYZE"] {
                    _ = try await connection.execute(script: script)
                }
            }
            let report = try await bench(service, "scale", "--rounds", "2", "--database-url", service.databaseText).report()
            #expect(report["tasks"] == 264, "\(report)")
            for name in ["claim_64", "start", "list_first_page", "first_state", "state", "replay_500", "retention_200_events"] {
                #expect((report[name + "_ms"]?.double ?? 0) > 0, "\(name): \(report)")
            }
            let pair = try await bench(
                service, "scale", "--rounds", "1", "--database-url", service.databaseText, "--beside", service.databaseText
            ).report()
            #expect(pair["beside_tasks"] == 264 && (pair["beside_state_ms"]?.double ?? 0) > 0, "\(pair)")
            // It leaves the queue as it was, and nothing of its own.
            let pending = try await service.number("SELECT count(*) FROM pressroom.steps WHERE status = 'pending'")
            let tasks = try await service.number("SELECT count(*) FROM pressroom.tasks")
            #expect(pending == 64 && tasks == 264)
        }
    }

    @Test func wrongUsageIsNamed() async throws {
        try await withService { service in
            let cases: [([String], String)] = [
                (["fan-out", "--size", "10"], "--size"),
                (["fan-out", "--subscribers", "0"], "--subscribers"),
                (["fan-out", "--subscribe-path", "/x"], "--publish-path"),
                (["latency", "--rate", "0"], "--rate"),
                (["idle", "--subscribers", "5"], "--pid"),
                (["state", "--connections", "0"], "--connections"),
                (["steps", "--tasks", "0"], "--tasks"),
                (["steps", "--backlog", "-1"], "--backlog"),
                (["start", "--tasks", "0"], "--tasks"),
                (["scale", "--rounds", "0", "--database-url", "postgres://x"], "--rounds must be"),
                (["fan-out", "--url", "https://127.0.0.1"], "plain HTTP"),
            ]
            for (arguments, word) in cases {
                let child = try ChildProgram(
                    #require(benchProgram), arguments, environment: ["PRESSROOM_URL": service.baseURL], directory: "/tmp")
                let status = try await within(.seconds(30), "bench \(arguments)") { try await child.exit() }
                #expect(status == 2 && child.errors.text.contains(word), "\(arguments): \(status) \(child.errors.text)")
            }
            let missing = try await bench(service, "fan-out", "--task", "01a1fdd7-4be6-7376-a957-f64227ed3514", "--timeout", "5")
            #expect(missing.status == 1 && missing.errors.contains("404"), "\(missing)")
        }
    }
}
