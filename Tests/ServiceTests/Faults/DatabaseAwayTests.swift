import Base
import Client
import Postgres
import TestSupport
import Testing

/// A killed service left work, and PostgreSQL is away when the next one starts.
@Suite struct DatabaseAwayTests {
    private static let setup = ServiceSetup(
        yaml: """
            processor: {lease_timeout: 2s, heartbeat: 200ms, concurrency: 256}
            providers: {slow: {kind: rehearsal, tokens_per_second: 100, latency: 2s}}
            """,
        limit: .seconds(240))
    private static let tasks = 250

    @Test("The next one takes the tasks over when PostgreSQL is back", arguments: [true, false])
    func theNextServiceTakesOver(isAwayBefore: Bool) async throws {
        var generator = Seed.generator("theNextServiceTakesOver(isAwayBefore: \(isAwayBefore))")
        // Longer than a lease: it is time that passes, and no event tells when it has.
        let absence = generator.milliseconds(2500..<4000)
        try await serviceSlots.hold {
            try await PostgresPrivateServer.with { server in
                let postgres = server.embedded()
                let url = try await postgres.start().connectionString
                try await withService(Self.setup, databaseURL: url) { service in
                    try await service.publish(Definitions.draft("slow"))
                    var tasks: [String] = []
                    for number in 0..<Self.tasks { tasks.append(try await service.startTask("draft", topic: "\(number)")) }
                    // The last one still writes when the service is killed, however long it took to start them all.
                    _ = try await service.event(of: tasks[Self.tasks - 1]) { $0.name == "output_delta" }
                    try await service.kill()
                    let left = try await service.number("SELECT count(*) FROM pressroom.steps WHERE status = 'running'")
                    #expect(left > 0)

                    if isAwayBefore {
                        await postgres.stop()
                        let child = try service.launch()
                        let line = await child.errors.first { $0.contains("for the database at /") }
                        #expect(line != nil, "\(child.errors.text)")
                        try await Task.sleep(for: absence)
                        #expect(child.exitStatus == nil, "it waits")
                        _ = try await postgres.start()
                        try await service.waitUntilListening(child)
                    } else {
                        try await service.start()
                        await postgres.stop()
                        try await Task.sleep(for: absence)
                        #expect(service.child?.exitStatus == nil, "\(service.child?.errors.text ?? "")")
                        _ = try await postgres.start()
                    }

                    for task in tasks { #expect(try await service.end(of: task) == "completed") }
                    let again = try await service.number("SELECT count(*) FROM pressroom.steps WHERE attempt > 1")
                    print("\(again) steps ran again")
                    #expect(again >= left)
                    try await Invariants.check(service)
                    try await EventAudit.check(service)
                }
                await postgres.stop()
            }
        }
    }
}
