import Base
import Client
import Foundation
import Glibc
import Postgres
import TestSupport
import Testing
import Workflow

/// A PostgreSQL that is restarted, that cuts its connections, and whose disk is full.
@Suite struct DatabaseFaultTests {
    private static let yaml = """
        processor: {lease_timeout: 2s, heartbeat: 200ms}
        providers: {slow: {kind: rehearsal, tokens_per_second: 200, latency: 50ms}}
        """

    private static let definitions = [
        Definitions.editorial("slow"), Definitions.judged("slow"), Definitions.brief("slow"), Definitions.general("slow"),
    ]

    @Test func postgresIsRestarted() async throws {
        let seeded = Seed.generator("postgresIsRestarted")
        let setup = ServiceSetup(database: .owned, yaml: Self.yaml, limit: FaultTime.limit)
        try await withService(setup) { service in
            try await disturbed([service], Self.definitions, generator: seeded) { generator in
                let start = ContinuousClock.now
                var rounds = 0
                while FaultTime.goesOn(since: start) {
                    try await generator.pause(50..<1200)
                    // Fast: it cuts its sessions and stops. Immediate: it leaves as in a crash.
                    kill(try #require(service.privatePostgres.postmaster), generator.next(below: 2) == 0 ? SIGINT : SIGQUIT)
                    rounds += 1
                    var restarts = 0
                    let line = await service.child?.errors.first { [rounds] line in
                        if line.contains("PostgreSQL runs again") { restarts += 1 }
                        return restarts == rounds
                    }
                    try #require(line != nil, "the service ended")
                }
            }
        }
    }

    @Test func connectionsAreCut() async throws {
        let seeded = Seed.generator("connectionsAreCut")
        try await withNodes([Self.yaml, Self.yaml], limit: FaultTime.limit) { nodes in
            try await disturbed(nodes, Self.definitions, generator: seeded) { generator in
                let start = ContinuousClock.now
                var cut = 0
                while FaultTime.goesOn(since: start) {
                    try await generator.pause(10..<400)
                    let share = generator.nextUnit()
                    cut += try await nodes[0].number(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                         WHERE datname = current_database() AND application_name LIKE 'pressroom%' AND random() < \(share)
                        """)
                }
                print("\(cut) connections were cut")
                #expect(cut > 0)
            }
        }
    }

    @Test(.enabled("a small disk can be mounted", { await SmallDisk.isPossible() }))
    func theDiskIsFull() async throws {
        let seeded = Seed.generator("theDiskIsFull")
        let directory = FileManager.default.temporaryDirectory.path + "/pressroom-full-disk-\(getpid())"
        let disk = SmallDisk(directory: directory, megabytes: 320)
        defer { rmdir(directory) }
        let setup = ServiceSetup(
            database: .owned, yaml: Self.yaml, launcher: SmallDisk.launcher, prelude: disk.prelude, disk: disk,
            limit: FaultTime.limit)
        try await withService(setup) { service in
            let child = try #require(service.child)
            var promised = 0
            try await disturbed([service], Self.definitions, generator: seeded) { generator in
                // A task for events that fill what the filler has left, within files that have a place already.
                try await service.publish(Definitions.held("slow"))
                let task = try await service.client.startTask(
                    TaskRequest(workflow: "held", input: Data(#"{"topic": "disks"}"#.utf8)))
                let data = Data((["noise": .string(String(repeating: "0123456789abcdef", count: 8_000))] as JSON).utf8)
                let start = ContinuousClock.now
                repeat {
                    try await generator.pause(50..<800)
                    try disk.fill(of: child.pid)
                    promised += try await service.postEvents(to: task.id, data)
                    // It is full, and everybody goes on trying.
                    #expect(try await service.client.isPressroom())
                    try await generator.pause(100..<2000)
                    try disk.free(of: child.pid)
                    // There is room again, and the service finds it.
                    try await service.untilEventsAreTaken(of: task.id)
                    promised += 1
                } while FaultTime.goesOn(since: start)
                try await service.client.signal("release", to: task.id)
            }
            let kept = try await service.number("SELECT count(*) FROM pressroom.events WHERE type = 'custom'")
            print("\(promised) events were promised, \(kept) are kept")
            #expect(kept >= promised)
        }
    }
}

extension TestService {
    /// Posts events until one is refused, as the disk is full; answers how many were taken.
    fileprivate func postEvents(to task: String, _ data: Data) async throws -> Int {
        for number in 0... {
            do {
                _ = try await client.postEvent(to: task, data: data)
            } catch let error as PressroomError where error.status == 503 || error.code == .unreachable {
                return number
            }
        }
        return 0
    }

    fileprivate func untilEventsAreTaken(of task: String) async throws {
        while true {
            do {
                _ = try await client.postEvent(to: task, data: Data("{}".utf8))
                return
            } catch let error as PressroomError where error.status == 503 || error.code == .unreachable {
                // As the answer asks.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}
