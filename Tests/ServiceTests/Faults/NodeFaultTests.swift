import Base
import Client
import Foundation
import Glibc
import Postgres
import TestSupport
import Testing
import Workflow

/// Nodes that die, and nodes that sleep past their lease.
@Suite struct NodeFaultTests {
    private static let yaml = """
        processor: {lease_timeout: 1500ms, heartbeat: 150ms}
        providers: {slow: {kind: rehearsal, tokens_per_second: 200, latency: 50ms}}
        """

    private static let definitions = [
        Definitions.editorial("slow"), Definitions.judged("slow"), Definitions.draft("slow"), Definitions.brief("slow"),
        Definitions.general("slow"),
    ]

    @Test func oneOfThreeNodesIsKilledAllTheTime() async throws {
        let seeded = Seed.generator("oneOfThreeNodesIsKilledAllTheTime")
        try await withNodes(Array(repeating: Self.yaml, count: 3), limit: FaultTime.limit) { nodes in
            try await disturbed(nodes, Self.definitions, generator: seeded) { generator in
                let start = ContinuousClock.now
                while FaultTime.goesOn(since: start) {
                    // The moment of the kill is what is random.
                    try await generator.pause(50..<1500)
                    let victim = nodes[Int(generator.next(below: 3))]
                    try await victim.kill()
                    try await generator.pause(1..<1000)
                    try await victim.start()
                }
            }
        }
    }

    @Test func aNodeSleepsPastItsLease() async throws {
        let seeded = Seed.generator("aNodeSleepsPastItsLease")
        try await withNodes(Array(repeating: Self.yaml, count: 3), limit: FaultTime.limit) { nodes in
            var stopped: [(stepID: String, attempt: Int)] = []
            try await disturbed(nodes, Self.definitions, generator: seeded) { generator in
                let start = ContinuousClock.now
                while FaultTime.goesOn(since: start) {
                    let number = Int(generator.next(below: 3))
                    let (victim, other) = (nodes[number], nodes[(number + 1) % 3])
                    let child = try #require(victim.child)
                    let processor = try await victim.sql("SELECT id::text FROM pressroom.processors WHERE pid = \(Int(child.pid))")
                    let processorID: String = try processor[0].decode(0)
                    try await other.eachStep { try await victim.steps(runningOn: processorID).count > 0 }
                    // The moment is what is random; it may be in the middle of a transaction.
                    try await generator.pause(0..<200)
                    child.send(SIGSTOP)
                    defer { child.send(SIGCONT) }
                    stopped += try await victim.steps(runningOn: processorID)
                    // Others take all of it over.
                    try await other.eachStep { try await victim.steps(runningOn: processorID).isEmpty }
                    try await generator.pause(0..<500)
                }
            }
            // What the sleeper had at hand came to its end elsewhere, or in a later attempt of its own.
            #expect(!stopped.isEmpty)
            let repeated = try await nodes[0].sql("SELECT id::text, attempt FROM pressroom.steps")
                .reduce(into: [String: Int]()) { $0[try $1.decode("id", as: String.self)] = try $1.decode("attempt", as: Int.self) }
            let again = stopped.count { (repeated[$0.stepID] ?? 0) > $0.attempt }
            print("\(again) of \(stopped.count) steps ran again")
            #expect(again > 0)
        }
    }

    /// It holds its tenant's turn to commit; PostgreSQL ends its transaction before its lease ends.
    @Test func aNodeThatIsStoppedInATransactionHoldsUpNobody() async throws {
        try await withService(ServiceSetup(yaml: Self.yaml)) { service in
            try await service.publish(Definitions.held("rehearsal"))
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            let child = try #require(service.child)
            let posting = Eventual<Void>()
            async let posted: Void = {
                try await posting.get()
                // The node loses the transaction; whether the client learns of it or gets an answer, it may ask again.
                _ = try? await service.client.postEvent(to: task, data: Data("1".utf8))
            }()
            try await service.database.withTransaction { connection in
                _ = try await connection.query("SELECT FROM pressroom.stream_heads FOR UPDATE")
                posting.set(())
                let waiting: PostgresQuery = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                while try await service.number(waiting) == 0 {}
                child.send(SIGSTOP)
            }
            defer { child.send(SIGCONT) }
            // Its statement is done and nobody reads the answer: the transaction is open, and has the head.
            _ = try await within(.seconds(20), "the turn to commit") {
                try await service.sql("UPDATE pressroom.tasks SET priority = 3 WHERE task_id = \(task)::uuid")
            }
            child.send(SIGCONT)
            try await posted
            _ = try await service.client.postEvent(to: task, data: Data("2".utf8))
            try await service.client.signal("release", to: task)
            #expect(try await service.end(of: task) == "completed")
            try await Invariants.check(service)
            try await EventAudit.check(service)
        }
    }
}

extension TestService {
    /// Returns as soon as the condition holds; looks again at each event of a step.
    fileprivate func eachStep(_ condition: () async throws -> Bool) async throws {
        if try await condition() { return }
        for try await _ in client.events(types: ["step_updated", "queue_built"], policy: .eager) {
            if try await condition() { return }
        }
    }

    fileprivate func steps(runningOn processorID: String) async throws -> [(stepID: String, attempt: Int)] {
        try await sql(
            "SELECT id::text, attempt FROM pressroom.steps WHERE status = 'running' AND processor_id = \(processorID)::uuid"
        ).map { (try $0.decode(0), try $0.decode(1)) }
    }
}
