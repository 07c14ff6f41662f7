import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Fairness and limits of running processors", .limit(minutes: 5))
struct FairnessTests {
    private static let bulk = Definitions.approval.replacing("name: approval", with: "name: bulk")

    @Test("A tenant with 10,000 waiting steps leaves room for another's first, though none of its own ever ends")
    func newcomer() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.start(tenant: "crowd", Self.bulk)
            try await newsroom.addSteps(tenant: "crowd", model: "test/m", tasks: 1_000, each: 10)
            let model = ScriptedModel { call in
                if call.request.context.tenantID == "crowd" { await Gate().wait() }
                return call.soundAnswer
            }
            var configuration = ProcessorConfiguration()
            configuration.concurrency = 8
            configuration.tenantReserve = 2
            try await newsroom.withProcessor(model, configuration: configuration) { _ in
                try await newsroom.until { try await newsroom.running("tenant_id = 'crowd'") == 6 }
                let task = try await newsroom.start(tenant: "small", Definitions.approval)
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE task_id = \(task) AND status = 'completed'") == 1
                }
                #expect(try await newsroom.running("tenant_id = 'crowd'") == 6)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE tenant_id = 'crowd' AND attempt > 0") == 6)
            }
        }
    }

    @Test("A tenant alone takes all places")
    func alone() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.start(Self.bulk)
            try await newsroom.addSteps(model: "test/m", each: 20)
            var configuration = ProcessorConfiguration()
            configuration.concurrency = 8
            configuration.tenantReserve = 2
            try await newsroom.withProcessor(ScriptedModel { _ in await Gate().wait(); return "never" }, configuration: configuration) { _ in
                try await newsroom.until { try await newsroom.running() == 8 }
            }
        }
    }

    @Test("New tasks of a tenant with many do not hold up another's")
    func newTasks() async throws {
        try await withNewsroom { newsroom in
            for _ in 0..<100 { _ = try await newsroom.start(tenant: "crowd", Self.bulk) }
            let task = try await newsroom.start(tenant: "small", Definitions.approval)
            var configuration = ProcessorConfiguration()
            configuration.commitBatch = 10
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }, configuration: configuration) { _ in
                try await newsroom.until { try await newsroom.status(task) != "pending" }
                let before = try await newsroom.count(
                    """
                    SELECT count(*) FROM pressroom.tasks t JOIN pressroom.tasks small ON small.task_id = \(task)
                     WHERE t.tenant_id = 'crowd' AND t.started_at < small.started_at
                    """)
                #expect(before <= 10)
            }
        }
    }

    @Test("Priorities decide which of many tasks comes first, and which of them last")
    func priorities() async throws {
        try await withNewsroom { newsroom in
            let low = try await newsroom.start(Self.bulk, priority: -5)
            var middle: [UUID] = []
            for _ in 0..<30 { middle.append(try await newsroom.start(Self.bulk)) }
            let high = try await newsroom.start(Self.bulk, priority: 5)
            let highest = try await newsroom.start(Self.bulk, priority: 900)
            let order = Mutex<[UUID]>([])
            let gate = Gate()
            let model = ScriptedModel { call in
                order.withLock { $0.append(call.request.context.taskID) }
                if call.request.context.taskID == highest { await gate.wait() }
                return call.soundAnswer
            }
            var configuration = ProcessorConfiguration()
            configuration.concurrency = 1
            configuration.commitBatch = 5
            try await newsroom.withProcessor(model, configuration: configuration) { _ in
                // The first has its place before all tasks have their steps.
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'write'") == 33
                }
                gate.open()
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'write' AND status = 'completed'") == 33
                }
            }
            let called = order.withLock { $0 }
            #expect(called.count == 33)
            #expect(called.prefix(2) == [highest, high])
            #expect(called.last == low)
            #expect(Set(called.dropFirst(2).dropLast()) == Set(middle))
        }
    }

    @Test("A task with run_at starts then, and not before")
    func runAt() async throws {
        try await withNewsroom { newsroom in
            let soon = try await newsroom.text("SELECT pressroom.iso(now() + interval '700 ms')")
            let later = try await newsroom.text("SELECT pressroom.iso(now() + interval '1 hour')")
            let first = try await newsroom.start(Self.bulk, runAt: soon)
            let second = try await newsroom.start(Self.bulk, priority: 9, runAt: later)
            var configuration = ProcessorConfiguration()
            configuration.poll = .milliseconds(20)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }, configuration: configuration) { _ in
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE task_id = \(first) AND status = 'completed'") == 1
                }
            }
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks WHERE task_id = \(first) AND started_at >= run_at") == 1)
            #expect(try await newsroom.status(second) == "pending")
        }
    }

    @Test("Two processors keep to the limits of a model together, also after a third has died with its steps")
    func limitsOverProcessors() async throws {
        try await withNewsroom { newsroom in
            for _ in 0..<12 { _ = try await newsroom.start(Self.bulk) }
            var configuration = ProcessorConfiguration()
            configuration.poll = .milliseconds(50)
            configuration.limits = ClaimLimits(models: ["test": ModelLimits(concurrency: 2)])
            // The dead one holds all places: it claimed before the others came, and is not entered.
            try await newsroom.addSteps(model: "test/m", each: 2)
            #expect(try await newsroom.claim(limits: configuration.limits).count == 2)
            let calls = Mutex((now: 0, most: 0))
            let model = ScriptedModel { call in
                calls.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                for _ in 0..<20 { await Task.yield() }
                calls.withLock { $0.now -= 1 }
                return call.soundAnswer
            }
            let settled = configuration
            try await newsroom.withProcessor(model, configuration: settled) { _ in
                try await newsroom.withProcessor(model, configuration: settled) { _ in
                    try await newsroom.until {
                        try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'write' AND status = 'completed'") == 14
                    }
                }
            }
            #expect(calls.withLock { $0.most } <= 2)
            #expect(calls.withLock { $0.now } == 0)
        }
    }

    private static func log(_ head: String) -> String {
        """
        name: log
        version: 1.0.0
        \(head)
        phases:
          - {id: a, kind: log, message: a}
          - {id: b, kind: log, message: b}
          - {id: c, kind: log, message: c}
        """
    }

    @Test("Limits hold for steps without a model, which a commit may claim as it adds them", arguments: ["workflow", "tenant"])
    func stepsWithoutModels(limited: String) async throws {
        try await withNewsroom { newsroom in
            let yaml = Self.log(limited == "workflow" ? "concurrency: 2" : "description: no limit")
            var configuration = ProcessorConfiguration()
            configuration.concurrency = 8
            configuration.poll = .milliseconds(50)
            if limited == "tenant" { configuration.limits = ClaimLimits(tenantSteps: 2) }
            let settled = configuration
            let model = ScriptedModel { $0.soundAnswer }
            try await newsroom.withProcessor(model, configuration: settled) { _ in
                try await newsroom.withProcessor(model, configuration: settled) { _ in
                    for _ in 0..<20 { _ = try await newsroom.start(yaml) }
                    try await newsroom.until {
                        try await newsroom.count("SELECT count(*) FROM pressroom.tasks WHERE status = 'completed'") == 20
                    }
                }
            }
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed'") == 60)
            #expect(try await newsroom.mostRunning() == 2)
        }
    }

    @Test("What a commit adds queues up behind a higher priority that waits")
    func directClaims() async throws {
        try await withNewsroom { newsroom in
            let yaml = Self.log("description: no limit")
            let definition = try WorkflowDefinition.parse(yaml, format: .yaml)
            for (priority, claimed) in [(4, 0), (5, 1), (6, 1)] {
                let task = try await newsroom.start(yaml, priority: priority)
                let outcome = try await newsroom.store.wakeTasks(newsroom.scope, [task]) { graphs in
                    var engine = TaskEngine(
                        graphs[0], WorkflowVersion(id: graphs[0].task.workflowID, definition: definition))
                    engine.advance()
                    var claims = DirectClaims(
                        slots: 3, minPriority: 5, processorID: UUIDv7.next(), tenantID: "default")
                    claims.add(from: &engine)
                    graphs[0] = engine.graph
                    return claims.claims.count
                }
                #expect(outcome.commit?.result == claimed)
            }
            #expect(try await newsroom.running() == 2)
        }
    }
}
