import Base
import Client
import Postgres
import TestSupport
import Testing
import Workflow

/// A `kill -9` at any instant loses nothing and repeats no committed step.
@Suite struct KillTests {
    private static let setup = ServiceSetup.slow(tokensPerSecond: 80, database: .owned)
    private static let tasks = 5

    /// Five running tasks, each with a reader whose fold must survive everything.
    private func withTasks(
        _ name: String, _ disturb: @escaping @Sendable (TestService, inout SeededGenerator) async throws -> Void
    ) async throws {
        let seeded = Seed.generator(name)
        try await withService(Self.setup) { service in
            var generator = seeded
            try await service.publish(Definitions.editorial("slow"))
            var ids: [String] = []
            for number in 0..<Self.tasks { ids.append(try await service.startTask("editorial", topic: "\(number)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    let own = generator.fork()
                    group.addTask { try await FoldReader.follow(id, of: service, generator: own) }
                }
                try await disturb(service, &generator)
                try await group.waitForAll()
            }
            for id in ids { #expect(try await service.client.task(id).status == "completed") }
            try await EventAudit.check(service)
        }
    }

    @Test func serviceIsKilledAndStartedAgain() async throws {
        try await withTasks("serviceIsKilledAndStartedAgain") { service, generator in
            for _ in 0..<4 {
                // The moment of the kill is what is random.
                try await generator.pause(20..<900)
                try await service.kill()
                try await service.start()
            }
            // Work was indeed interrupted: steps that ran went back into the queue.
            let returned = try await service.number(
                """
                SELECT count(*) FROM pressroom.events WHERE type = 'step_updated'
                   AND payload -> 'step' ->> 'status' IN ('pending', 'retrying')
                """)
            #expect(returned > 0)
        }
    }

    @Test(arguments: [false, true])
    func postgresIsKilled(withChildren: Bool) async throws {
        try await withTasks("postgresIsKilled(withChildren: \(withChildren))") { service, generator in
            for round in 1...3 {
                try await generator.pause(20..<900)
                service.privatePostgres.kill(withChildren: withChildren)
                var restarts = 0
                let line = await service.child?.errors.first { line in
                    if line.contains("PostgreSQL runs again") { restarts += 1 }
                    return restarts == round
                }
                #expect(line != nil, "the service ended")
            }
        }
    }
}
