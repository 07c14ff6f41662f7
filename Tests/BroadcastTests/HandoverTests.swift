import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("Streams and tables")
struct HandoverTests {
    /// Changes tasks in ways that clients do: short transactions, transactions as in psql, and such that roll back.
    private static func write(_ fixture: HubFixture, _ tasks: [UUID], seed: UInt64, rounds: Int) async throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<rounds {
            let tasks = random.shuffled(tasks).prefix(1 + Int(random.next(below: 3))).sorted {
                $0.uuidString < $1.uuidString
            }
            let note = JSON.string("\(seed)-\(round)").text
            let isImmediate = random.next(below: 2) == 0
            let isRolledBack = random.next(below: 4) == 0
            do {
                try await fixture.client.withTransaction { connection in
                    if isImmediate { _ = try await connection.query("SET LOCAL pressroom.events = 'immediate'") }
                    // All rows at once, in one order: two such writers take turns instead of blocking each other.
                    _ = try await connection.query(
                        """
                        SELECT FROM pressroom.tasks WHERE tenant_id = \(HubFixture.tenantID)
                           AND task_id = ANY(\(tasks)::uuid[]) ORDER BY task_id FOR UPDATE
                        """)
                    for task in tasks {
                        _ = try await connection.query(
                            """
                            UPDATE pressroom.tasks SET result = \(note)::jsonb
                             WHERE tenant_id = \(HubFixture.tenantID) AND task_id = \(task)
                            """)
                    }
                    if isRolledBack { throw CancellationError() }
                }
                fixture.feed.committed(Commit(tenantID: HubFixture.tenantID, events: .unread, work: .none))
            } catch is CancellationError {
                continue
            }
        }
    }

    /// A reader that leaves and comes back at random, and folds what it gets.
    private struct Reader {
        var filter: StreamFilter
        var cursor: Cursor
        var rows: JSONObject = [:]
        var positions: [Int64] = []

        mutating func fold(_ events: [ReceivedEvent]) {
            for event in events {
                guard let position = event.position else { continue }
                positions.append(position)
                if let task = event.json["task"], let id = task["task_id"]?.string { rows[id] = task }
            }
        }
    }

    @Test("readers that come and go end with what the tables hold, each event once and in order", arguments: 0..<3)
    func randomReaders(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await HubFixture.with { configuration in
            configuration.ringCount = 40
            configuration.queueLimit = 20_000
            configuration.replayBytes = 8_000
        } _: { fixture in
            var tasks: [UUID] = []
            let origin = try await fixture.head()
            for _ in 0..<5 { tasks.append(try await fixture.addTask()) }
            let ids = tasks
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<3 {
                    group.addTask { try await Self.write(fixture, ids, seed: seed &+ UInt64(writer), rounds: 60) }
                }
                for number in 0..<4 {
                    group.addTask {
                        var random = SeededGenerator(seed: seed &+ 100 &+ UInt64(number))
                        let filter = number < 2 ? StreamFilter() : StreamFilter(taskIDs: [ids[number]])
                        var reader = Reader(filter: filter, cursor: origin.cursor)
                        for _ in 0..<12 {
                            let stream = try await TestStream(fixture, filter: filter, after: reader.cursor)
                            if random.next(below: 3) == 0 { try await stream.stopReading() }
                            let logged = try await Self.positions(fixture, filter, after: reader.cursor)
                            let wanted = logged.prefix(Int(random.next(below: 20))).last
                            try await stream.readAll()
                            if let wanted { await stream.reaches(wanted) }
                            if let cursor = await stream.disconnect() { reader.cursor = cursor }
                            reader.fold(stream.recording.events)
                            #expect(stream.recording.framingError == nil)
                        }
                        try await Self.finish(&reader, fixture, seed: seed, origin: origin)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// The events in the log that pass a filter of tasks.
    private static func positions(
        _ fixture: HubFixture, _ filter: StreamFilter, after cursor: Cursor
    ) async throws -> [Int64] {
        try await fixture.client.query(
            """
            SELECT position FROM pressroom.events WHERE tenant_id = \(HubFixture.tenantID)
               AND position > \(cursor.position)
               AND (\(filter.taskIDs.isEmpty) OR task_id = ANY(\(Array(filter.taskIDs))::uuid[])) ORDER BY position
            """
        ).map { try $0.decode(0, as: Int64.self) }
    }

    /// Reads up to what the log held at one moment, and compares; the writers may still be at work.
    private static func finish(
        _ reader: inout Reader, _ fixture: HubFixture, seed: UInt64, origin: LogHead
    ) async throws {
        let stream = try await TestStream(fixture, filter: reader.filter, after: reader.cursor)
        let end = try await fixture.client.withTransaction(isolation: .repeatableRead) { connection in
            let positions = try await connection.query(
                """
                SELECT position, type FROM pressroom.events WHERE tenant_id = \(HubFixture.tenantID)
                   AND position > \(origin.position)
                   AND (\(reader.filter.taskIDs.isEmpty) OR task_id = ANY(\(Array(reader.filter.taskIDs))::uuid[]))
                 ORDER BY position
                """
            ).map { try $0.decode(0, as: Int64.self) }
            var rows: JSONObject = [:]
            for row in try await connection.query(
                """
                SELECT task_id::text, pressroom.task_json(t)::text FROM pressroom.tasks t
                 WHERE tenant_id = \(HubFixture.tenantID)
                """)
            { rows[try row.decode(0)] = try JSON(parsing: row.decode(1, as: String.self)) }
            return (positions: positions, rows: rows)
        }
        let last = end.positions.last ?? 0
        if last > reader.cursor.position { await stream.reaches(last) }
        _ = await stream.disconnect()
        reader.fold(stream.recording.events.filter { ($0.position ?? 0) <= last })
        let positions = reader.positions.filter { $0 <= last }
        #expect(positions == end.positions, "seed \(seed)")
        guard reader.positions.allSatisfy({ $0 <= last }) else { return }
        for (id, row) in reader.rows { #expect(end.rows[id] == row, "seed \(seed)") }
        #expect(reader.rows.count == (reader.filter.taskIDs.isEmpty ? end.rows.count : 1), "seed \(seed)")
    }

    @Test("a reader that stops reads on where it was, past the ring and an overflowing queue")
    func overflowWhileReplaying() async throws {
        try await HubFixture.with { configuration in
            configuration.ringCount = 5
            configuration.queueLimit = 2_000
            configuration.replayBytes = 70_000
        } _: { fixture in
            let task = try await fixture.addTask()
            try await fixture.addCustom(task, count: 100, size: 2_000)
            let origin = Cursor(epoch: try await fixture.head().epoch, position: 0)
            let stream = try await TestStream(fixture, after: origin, isReading: false)
            await stream.recording.wait { $0.count >= 5 }
            for _ in 0..<5 { try await fixture.addCustom(task, count: 20, size: 500) }
            let head = try await fixture.head()
            #expect((stream.recording.events.last?.position ?? 0) < head.position)
            let follower = try await TestStream(
                fixture, after: Cursor(epoch: head.epoch, position: head.position - 1))
            await follower.reaches(head.position)
            try await stream.readAll()
            await stream.reaches(head.position)
            #expect(stream.recording.events.compactMap(\.position) == Array(1...head.position))
            #expect(stream.recording.framingError == nil)
            _ = await stream.disconnect()
            _ = await follower.disconnect()
        }
    }

    @Test("a live reader that is too slow replays what it misses, on the same connection; others do not notice")
    func slowReader() async throws {
        try await HubFixture.with { $0.maxUnsentBytes = 200_000 } _: { fixture in
            let task = try await fixture.addTask()
            let slow = try await TestStream(fixture)
            let other = try await TestStream(fixture)
            try await fixture.addCustom(task)
            await slow.recording.wait { !$0.isEmpty }
            await other.recording.wait { !$0.isEmpty }
            try await slow.stopReading()
            let first = try #require(slow.recording.events.first?.position)
            // Again and again: it falls behind, catches up and is live.
            for round in 0..<5 {
                for _ in 0..<20 {
                    try await fixture.addCustom(task, count: 5, size: 10_000)
                    await other.reaches(try await fixture.head().position)
                }
                let head = try await fixture.head().position
                #expect((slow.recording.events.last?.position ?? 0) < head, "round \(round)")
                try await slow.readAll()
                await slow.reaches(head)
                try await fixture.addCustom(task, count: 2)
                await slow.reaches(head + 2)
                await other.reaches(head + 2)
                try await slow.stopReading()
            }
            let head = try await fixture.head().position
            #expect(!slow.recording.wasDropped)
            for stream in [slow, other] {
                #expect(stream.recording.events.compactMap(\.position) == Array(first...head))
                #expect(stream.recording.framingError == nil)
                _ = await stream.disconnect()
            }
        }
    }
}
