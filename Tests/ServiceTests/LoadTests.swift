import Base
import Client
import Postgres
import Testing
import Workflow

/// Many tasks at once.
@Suite struct LoadTests {
    @Test func fiftyTasksStartedAtOnceAllComplete() async throws {
        let yaml = "providers: {fast: {kind: rehearsal, tokens_per_second: 0}}"
        try await withService(ServiceSetup(yaml: yaml)) { service in
            try await service.publish(Definitions.editorial("fast"))
            let start = ContinuousClock.now
            let ends = try await withThrowingTaskGroup(of: JSON.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let task = try await service.startTask("editorial", topic: "number \(number)")
                        // Begun at once, so that most of them see their tasks run.
                        let end = try await service.event(of: task) { $0.name == "end" }
                        return try JSON(parsing: try #require(end, "the stream of \(task) had no end").data)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            print("50 tasks took \(ContinuousClock.now - start)")
            #expect(ends.count == 50)
            #expect(ends.allSatisfy { $0["status"] == "completed" })
            #expect(try await service.number("SELECT count(*) FROM pressroom.tasks WHERE status = 'completed'") == 50)
            #expect(try await service.number("SELECT count(*) FROM pressroom.rankings") == 100)
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }
}
