import NIOCore
import TestSupport
import Testing

/// A service that may open no more files.
@Suite struct OpenFilesTests {
    @Test func connectionsWaitUntilOthersAreClosed() async throws {
        try await withService(ServiceSetup(openFiles: 120)) { service in
            let port = service.port
            let hold = Eventual<Void>()
            let answered = Eventual<Void>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<150 {
                    group.addTask {
                        try await RawConnection.with(port: port) { _ in try await hold.get() }
                    }
                }
                let warning = try await within(.seconds(30), "the warning") {
                    await service.child?.errors.first { $0.contains("cannot be accepted") }
                }
                #expect(warning != nil)
                // It waits behind the others.
                group.addTask {
                    try await RawConnection.with(port: port) { connection in
                        try await connection.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        let answer = try await connection.restText()
                        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
                        answered.set(())
                    }
                }
                hold.set(())
                try await within(.seconds(30), "an answer") { try await answered.get() }
                try await group.waitForAll()
            }
            #expect(service.logLines.filter { $0.contains("cannot be accepted") }.count == 1)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }
}
