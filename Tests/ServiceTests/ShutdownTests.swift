import Client
import Foundation
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

/// SIGTERM in the middle of work.
@Suite struct ShutdownTests {
    private static let yaml = """
        streams: {drain: 300ms}
        providers: {slow: {kind: rehearsal, tokens_per_second: 30}}
        """

    @Test func streamsEndCleanlyAndStepsAreHandedBack() async throws {
        try await withService(ServiceSetup(yaml: Self.yaml)) { service in
            try await service.publish(Definitions.draft("slow"))
            var ids: [String] = []
            for number in 0..<3 { ids.append(try await service.startTask("draft", topic: "\(number)")) }
            let tasks = ids
            let port = service.port
            for task in tasks { _ = try await service.event(of: task) { $0.name == "output_delta" } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let streaming = tasks.map { _ in Eventual<Void>() }
                for (task, isStreaming) in zip(tasks, streaming) {
                    group.addTask {
                        let stream = try await RawConnection.with(port: port) { connection in
                            try await connection.send(
                                "GET /api/v1/tasks/\(task)/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                            var stream = StreamBytes()
                            while let bytes = try await connection.next() {
                                if try stream.append(bytes).contains(where: { $0.name == "state" }) { isStreaming.set(()) }
                            }
                            return stream
                        }
                        #expect(stream.isComplete, "the stream of \(task) was broken off")
                    }
                }
                for isStreaming in streaming { try await isStreaming.get() }
                #expect(try await service.terminate() == 0)
                try await group.waitForAll()
            }
            let running = try await service.sql("SELECT id, status, attempt FROM pressroom.steps WHERE status = 'running'")
            #expect(running.isEmpty)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")

            try await service.start()
            for task in tasks { #expect(try await service.end(of: task) == "completed") }
            // Handed back, not failed: the attempts of the first run do not count.
            #expect(try await service.number("SELECT count(*) FROM pressroom.steps WHERE status <> 'completed'") == 0)
            try await EventAudit.check(service)
        }
    }

    @Test(arguments: ["initialising a private PostgreSQL", "applying migration 0001", "applying migration 0009"], [SIGTERM, SIGINT])
    func aStopWhileStartingLeavesNothing(line: String, signal: Int32) async throws {
        try await serviceSlots.hold {
            let directory = "\(PostgresTestDirectory.own)/service-\(serviceCounter.add(1, ordering: .relaxed).newValue)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let postgres = PrivatePostgres(dataDirectory: directory + "-data")
            defer { postgres.remove(socketDirectory: nil) }
            let child = try ChildProgram(
                PressroomBinary.path(), ["serve", "--http-port", "0", "--data-directory", postgres.dataDirectory], directory: directory)
            let found = try await within(.seconds(60), line) { await child.errors.first { $0.contains(line) } }
            try #require(found != nil, "\(child.errors.text)")
            child.send(signal)
            let status = try await within(.seconds(60), "the service to stop") { try await child.exit() }
            #expect(status == 0, "\(child.errors.text)")
            #expect(postgres.firstProcesses.isEmpty && postgres.postmaster == nil)
        }
    }

    /// Commands that start the private PostgreSQL for themselves stop it again.
    @Test(arguments: [["migrate", "up"], ["migrate", "status"], ["doctor"], ["doctor", "--check"]], [SIGTERM, SIGINT])
    func aCommandThatIsInterruptedLeavesNothing(command: [String], signal: Int32) async throws {
        try await serviceSlots.hold {
            let directory = "\(PostgresTestDirectory.own)/service-\(serviceCounter.add(1, ordering: .relaxed).newValue)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let postgres = PrivatePostgres(dataDirectory: directory + "-data")
            defer { postgres.remove(socketDirectory: nil) }
            if command == ["doctor"] {
                // It starts none that has not been made.
                let first = try ChildProgram(
                    PressroomBinary.path(), ["migrate", "up", "--data-directory", postgres.dataDirectory], directory: directory)
                #expect(try await within(.seconds(60), "the first migration") { try await first.exit() } == 0)
            }
            // The command can be over before a loaded machine has sent the signal: then again.
            for attempt in 1...10 {
                let child = try ChildProgram(
                    PressroomBinary.path(), command + ["--data-directory", postgres.dataDirectory], directory: directory)
                // Nothing tells when a server has begun to run.
                while postgres.firstProcesses.isEmpty, child.exitStatus == nil { usleep(5_000) }
                child.send(signal)
                let status = try await within(.seconds(60), "\(command) to stop") { try await child.exit() }
                #expect(postgres.firstProcesses.isEmpty && postgres.postmaster == nil)
                if status == 128 + signal { return }
                try #require(attempt < 10 && status < 128, "\(status): \(child.errors.text)")
            }
        }
    }

    @Test func aStopWhileWaitingForADatabaseIsHeard() async throws {
        // It waits for the database for ten seconds, which can be over before a loaded machine has sent the signal: then again.
        for attempt in 1...10 {
            let child = try ChildProgram(
                PressroomBinary.path(),
                ["serve", "--http-port", "0", "--database-url", "host=/no/such/place user=nobody", "--log-level", "debug"],
                directory: "/tmp")
            let found = try await within(.seconds(60), "an attempt") { await child.errors.first { $0.contains("cannot connect") } }
            try #require(found != nil, "\(child.errors.text)")
            child.send(SIGTERM)
            let status = try await within(.seconds(60), "the service to stop") { try await child.exit() }
            if status == 0 { return #expect(child.errors.text.contains("stopped while starting")) }
            try #require(attempt < 10 && status == 1, "\(child.errors.text)")
        }
    }

    @Test func thePrivatePostgresStopsToo() async throws {
        try await withService(ServiceSetup(database: .owned, yaml: Self.yaml)) { service in
            try await service.publish(Definitions.draft("slow"))
            let task = try await service.startTask("draft")
            _ = try await service.event(of: task) { $0.name == "output_delta" }
            let postgres = service.privatePostgres
            #expect(postgres.postmaster != nil)
            let children = postgres.children
            #expect(!children.isEmpty)
            #expect(try await service.terminate() == 0)
            #expect(postgres.postmaster == nil)
            #expect(!FileManager.default.fileExists(atPath: service.dataDirectory + "/postmaster.pid"))
            for child in children {
                let command = try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8)
                #expect(command?.hasPrefix("postgres:") != true, "\(child) is an orphan: \(command ?? "")")
            }
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")

            try await service.start()
            #expect(try await service.end(of: task) == "completed")
            try await EventAudit.check(service)
        }
    }
}
