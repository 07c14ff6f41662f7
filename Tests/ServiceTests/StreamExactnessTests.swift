import Base
import Client
import Postgres
import TestSupport
import Testing
import Workflow

/// State and the events after it are the tables: with interruptions at any byte, and with others who write.
@Suite struct StreamExactnessTests {
    @Test func foldsAreTheTablesWhateverInterruptsThem() async throws {
        let seeded = Seed.generator("foldsAreTheTablesWhateverInterruptsThem")
        try await withService(.slow(tokensPerSecond: 200)) { service in
            var generator = seeded
            try await service.publish(Definitions.held("slow"))
            var tasks: [String] = []
            for number in 0..<4 { tasks.append(try await service.startTask("held", topic: "number \(number)")) }
            let ids = tasks
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    for beginning in FoldReader.Beginning.allCases {
                        let own = generator.fork()
                        group.addTask { try await FoldReader.follow(id, of: service, beginning: beginning, generator: own) }
                    }
                }
                let (tenant, typed) = (generator.fork(), generator.fork())
                group.addTask { try await followTenant(of: service, generator: tenant) }
                group.addTask { try await followOutputs(of: ids[0], service, generator: typed) }
                // Typing goes on while the tasks run, and a while after they have come to a stand.
                let typist = generator.fork()
                group.addTask {
                    try await withThrowingTaskGroup(of: Void.self) { writers in
                        var typist = typist
                        for _ in 0..<2 {
                            let own = typist.fork()
                            writers.addTask {
                                var typist = Typist(service: service, tasks: ids, generator: own)
                                try await typist.run(rounds: 40)
                            }
                        }
                        for id in ids { try await service.waitForHold(of: id) }
                        try await writers.waitForAll()
                    }
                    for id in ids { try await service.client.signal("release", to: id) }
                }
                try await group.waitForAll()
            }
            for id in ids { #expect(try await service.client.task(id).status == "completed") }
            try await EventAudit.check(service)
        }
    }

    /// A tenant's stream from the earliest event: every position once, with what the table holds.
    private func followTenant(of service: TestService, generator: SeededGenerator) async throws {
        let log = TenantLogReading()
        var reader = RestlessReader(
            port: service.port, path: "/api/v1/stream", beginning: "from=earliest", generator: generator)
        try await reader.run { event in
            try await log.take(event)
            return await log.completedTasks == 4 ? .stop : .goOn
        }
        let rows = try await service.sql("SELECT position, type FROM pressroom.events ORDER BY position")
        let table = try rows.map { "\(try $0.decode("position", as: Int.self)) \(try $0.decode("type", as: String.self))" }
        let seen = await log.seen
        #expect(seen == Array(table.prefix(seen.count)), "after \(reader.connections) connections")
        #expect(seen.count > 100)
    }

    /// A stream of one type: all of its events and no others.
    private func followOutputs(of task: String, _ service: TestService, generator: SeededGenerator) async throws {
        let log = TenantLogReading()
        var reader = RestlessReader(
            port: service.port, path: "/api/v1/tasks/\(task)/stream?types=output_updated", beginning: "from=earliest",
            generator: generator)
        try await reader.run { event in
            try await log.take(event, isGapless: false)
            return .goOn
        }
        let rows = try await service.sql(
            """
            SELECT position, type FROM pressroom.events WHERE task_id = \(task)::uuid AND type = 'output_updated'
             ORDER BY position
            """)
        let table = try rows.map { "\(try $0.decode("position", as: Int.self)) \(try $0.decode("type", as: String.self))" }
        #expect(await log.seen == table, "after \(reader.connections) connections")
    }
}

/// What a stream showed of a tenant's log.
private actor TenantLogReading {
    private(set) var seen: [String] = []
    private(set) var completedTasks = 0
    private var last: Int64 = 0

    func take(_ event: ServerSentEvent, isGapless: Bool = true) throws {
        guard let id = event.ownID, !["end", "opened", "heartbeat"].contains(event.name) else { return }
        let position = try #require(Cursor(id)).position
        if isGapless {
            #expect(position == last + 1, "\(event.name) follows \(last)")
        } else {
            #expect(position > last, "\(event.name) follows \(last)")
        }
        last = position
        seen.append("\(position) \(event.name)")
        guard event.name == "task_updated" else { return }
        let status = try JSON(parsing: event.data)["task"]?["status"]?.string
        if status == "completed" { completedTasks += 1 }
    }
}

extension TestService {
    /// Waits until the task stands at its `hold` phase.
    func waitForHold(of task: String) async throws {
        let event = try await event(of: task) { event in
            let data = try JSON(parsing: event.data)
            switch event.name {
            case "state":
                return data["phases"]?.array?.contains { $0["key"] == "hold" && $0["status"] == "waiting" } ?? false
            case "phase_changed":
                return data["phase"]?["key"] == "hold" && data["phase"]?["status"] == "waiting"
            default: return false
            }
        }
        try #require(event != nil, "the task \(task) ended")
    }
}
