import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Broadcast

/// What a change of access does to the streams that it affects, and to the others.
@Suite("Changes of access", .limit(minutes: 3))
struct AccessChangeTests {
    private static let endType = EventType.credentialsExpired.rawValue

    /// A reader that leaves and comes back at random until its key or the story ends.
    private struct Reading {
        var events: [ReceivedEvent] = []
        /// The cursor of `credentials_expired`.
        var expiredAt: Int64?

        var positions: [Int64] { events.filter { $0.type != endType }.compactMap(\.position) }
    }

    private static func read(
        _ fixture: HubFixture, _ access: KeyAccess, from origin: Cursor, _ random: SeededGenerator
    ) async throws -> Reading {
        var (random, cursor, reading) = (random, origin, Reading())
        while true {
            let stream = try await TestStream(fixture, after: cursor, access: access)
            if random.next(below: 3) == 0 { try await stream.stopReading() }
            let target = try await fixture.head().position + Int64(random.next(below: 25))
            try await stream.readAll()
            let hasEnd: @Sendable ([ReceivedEvent]) -> Bool = { $0.last?.type == endType || $0.last?.type == "custom.end" }
            await stream.recording.wait { hasEnd($0) || ($0.last?.position ?? 0) >= target }
            cursor = await stream.disconnect() ?? cursor
            let events = stream.recording.events
            reading.events += events
            #expect(stream.recording.framingError == nil)
            if let last = events.last, last.type == endType {
                #expect(last.json["reason"] == "revoked")
                reading.expiredAt = last.position
                return reading
            }
            if hasEnd(events) { return reading }
        }
    }

    /// Ends a key: as the service does, in `psql`, and in a transaction of `psql` that changes other rows before and after.
    private static func revoke(
        _ fixture: HubFixture, _ access: KeyAccess, _ task: UUID, _ random: inout SeededGenerator
    ) async throws {
        let revocation: PostgresQuery = "UPDATE pressroom.api_keys SET revoked_at = now() WHERE key_id = \(access.keyID)"
        let change: PostgresQuery = "UPDATE pressroom.tasks SET priority = priority + 1 WHERE task_id = \(task)"
        switch random.next(below: 4) {
        case 0: _ = try await fixture.store.revokeAPIKey(keyID: access.keyID) { _ in HubFixture.scope }
        case 1: _ = try await fixture.client.query(revocation)
        case 2: _ = try await fixture.client.pipeline([change, revocation, change])
        default: _ = try await fixture.client.query("DELETE FROM pressroom.api_keys WHERE key_id = \(access.keyID)")
        }
    }

    private static func write(_ fixture: HubFixture, _ task: UUID, _ random: SeededGenerator) async throws {
        var random = random
        for _ in 0..<150 {
            try await fixture.addCustom(task, count: 1 + Int(random.next(below: 3)), size: 200)
            try await random.pause(0..<3)
        }
    }

    @Test("nothing after the position of a revocation reaches its reader, and the others get everything", arguments: 0..<4)
    func randomRevocations(run: Int) async throws {
        let seed = Seed.pick()
        var tailer = TailerConfiguration()
        tailer.pollInterval = .milliseconds(15)
        try await HubFixture.with(
            configure: { configuration in
                configuration.ringCount = 40
                configuration.queueLimit = 20_000
                configuration.replayBytes = 8_000
            }, tailer: tailer
        ) { fixture in
            var random = SeededGenerator(seed: seed &+ UInt64(run))
            let task = try await fixture.addTask()
            let origin = try await fixture.head().cursor
            var keys: [KeyAccess] = []
            for _ in 0..<12 { keys.append(try await KeyAccess(fixture, random: random.fork())) }
            let (all, revoked) = (keys, Array(keys.prefix(7)))
            let generators = all.map { _ in random.fork() }
            let writing = random.fork()
            var revoking = random.fork()
            let readings = try await withThrowingTaskGroup(of: (Int, Reading).self) { group in
                for (index, key) in all.enumerated() {
                    group.addTask { (index, try await Self.read(fixture, key, from: origin, generators[index])) }
                }
                async let written: Void = Self.write(fixture, task, writing)
                for (number, key) in revoked.enumerated() {
                    try await revoking.pause(5..<40)
                    try await Self.revoke(fixture, key, task, &revoking)
                    // Affects everyone, and ends nothing.
                    let status = number.isMultiple(of: 2) ? "suspended" : "active"
                    _ = try await fixture.client.query("UPDATE pressroom.tenants SET status = \(status) WHERE tenant_id = 'default'")
                }
                try await written
                _ = try await fixture.client.query(
                    "SELECT pressroom.append_events('default', ARRAY[ROW(\(task)::uuid, 'custom.end', '{}')::pressroom.change])")
                var readings = Array(repeating: Reading(), count: all.count)
                for try await (index, reading) in group { readings[index] = reading }
                return readings
            }
            let log = try await fixture.client.query(
                """
                SELECT position, payload #>> '{access,key_id}' FROM pressroom.events
                 WHERE tenant_id = 'default' AND position > \(origin.position) ORDER BY position
                """)
            let hidden = try await fixture.client.query("SELECT position FROM pressroom.events WHERE task_id IS NULL")
            let changes = Set(try hidden.map { try $0.decode(0, as: Int64.self) })
            let positions = try log.map { try $0.decode(0, as: Int64.self) }.filter { !changes.contains($0) }
            for (index, reading) in readings.enumerated() {
                let end = try log.first { try $0.decode(1, as: String?.self) == all[index].keyID }?.decode(0, as: Int64.self)
                #expect((end != nil) == (index < revoked.count))
                if let end {
                    #expect(reading.expiredAt != nil, "seed \(seed), run \(run), reader \(index)")
                    #expect((reading.positions.last ?? 0) < end, "seed \(seed), run \(run), reader \(index)")
                    let cursor = reading.expiredAt ?? 0
                    #expect(reading.positions == positions.filter { $0 <= cursor }, "seed \(seed), run \(run), reader \(index)")
                } else {
                    #expect(reading.positions == positions, "seed \(seed), run \(run), reader \(index)")
                }
            }
        }
    }

    @Test("while a credential is looked at, its stream waits and the others do not")
    func onlyTheAffectedWait() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let access = GuardedAccess()
            access.answer(.success(nil))
            let held = try await TestStream(fixture, access: access)
            let other = try await TestStream(fixture, access: try await KeyAccess(fixture))
            try await fixture.addCustom(task)
            let before = try await fixture.head().position
            await held.reaches(before)
            await other.reaches(before)

            let workspace = try await fixture.store.createWorkspace(HubFixture.scope, name: "news", description: nil)
            _ = try await fixture.store.setWorkspaceMember(HubFixture.scope, workspace.id, .user("ada"), .read)
            try await fixture.addCustom(task, count: 3)
            let last = try await fixture.head().position
            await other.reaches(last)
            #expect(held.recording.events.last?.position == before)

            // A look that fails is made again; until then nothing is sent.
            access.answer(.failure(.init()))
            try await fixture.addCustom(task, count: 2)
            let end = try await fixture.head().position
            await other.reaches(end)
            #expect(held.recording.events.last?.position == before)
            access.answer(.success(nil))
            await held.reaches(end)
            let positions = Array((before + 2)...end)
            #expect(Array(held.recording.events.compactMap(\.position).drop { $0 <= before }) == positions)
            #expect(Array(other.recording.events.compactMap(\.position).drop { $0 <= before }) == positions)

            _ = try await fixture.store.removeWorkspaceMember(HubFixture.scope, workspace.id, .user("ada"))
            try await fixture.addCustom(task)
            access.answer(.success(.access))
            await held.recording.wait { $0.last?.type == Self.endType }
            #expect(held.recording.events.last?.json["reason"] == "access")
            #expect(held.recording.events.last?.position == end)
            #expect(await held.outcome == .finished)
            _ = await other.disconnect()
        }
    }

    @Test("a stream whose credential ends before it begins sends nothing but that")
    func endedBeforeItBegins() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let origin = try await fixture.head().cursor
            try await fixture.addCustom(task, count: 5)
            let access = try await KeyAccess(fixture)
            _ = try await fixture.store.revokeAPIKey(keyID: access.keyID) { _ in HubFixture.scope }
            let stream = try await TestStream(fixture, after: origin, access: access)
            #expect(await stream.outcome == .finished)
            #expect(stream.recording.events.map(\.type) == [Self.endType])
            #expect(stream.recording.lastID == origin.description)
        }
    }

    @Test("a view leaves out columns, live and replayed, and other streams have them")
    func views() async throws {
        try await HubFixture.with { fixture in
            let origin = try await fixture.head().cursor
            let whole = try await TestStream(fixture, after: origin)
            let narrow = try await TestStream(fixture, after: origin, view: [.withoutUsage, .withoutErrorDetails])
            let task = try await fixture.addTask()
            _ = try await fixture.client.query(
                """
                UPDATE pressroom.tasks SET error = '{"code":"broken","message":"the key sk-1 is refused"}', usage = '{"cost":1}'
                 WHERE task_id = \(task)
                """)
            let last = try await fixture.head().position
            await whole.reaches(last)
            await narrow.reaches(last)
            let replayed = try await TestStream(fixture, after: origin, view: [.withoutUsage, .withoutErrorDetails])
            await replayed.reaches(last)
            let row = whole.recording.events.last?.json["task"]
            #expect(row?["error"]?["message"] != nil && row?["usage"]?["cost"] == 1)
            for stream in [narrow, replayed] {
                let shown = try #require(stream.recording.events.last)
                #expect(shown.json["task"]?["error"] == ["code": "broken"] && shown.json["task"]?["usage"] == nil)
                #expect(shown.json["task"]?["task_id"] == row?["task_id"] && shown.position == last)
                #expect(stream.recording.events.map(\.position) == whole.recording.events.map(\.position))
                #expect(stream.recording.framingError == nil)
            }
            for stream in [whole, narrow, replayed] { _ = await stream.disconnect() }
        }
    }
}
