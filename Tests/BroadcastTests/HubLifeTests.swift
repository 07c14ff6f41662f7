import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("Heartbeats, ages and the end of the hub")
struct HubLifeTests {
    @Test("a heartbeat brings a quiet reader the log's cursor")
    func heartbeat() async throws {
        try await HubFixture.with(configure: { $0.heartbeat = .milliseconds(32) }) { fixture in
            let task = try await fixture.addTask()
            let quiet = try await TestStream(fixture, filter: StreamFilter(taskIDs: [UUID()]))
            let busy = try await TestStream(fixture)
            try await fixture.addCustom(task, count: 20)
            let head = try await fixture.head()
            await busy.reaches(head.position)
            #expect(await quiet.recording.wait(forReader: { $0.lastID == head.cursor.description }))
            #expect(quiet.recording.events.isEmpty)
            #expect(quiet.recording.framingError == nil)
            _ = await quiet.disconnect()
            _ = await busy.disconnect()
        }
    }

    @Test("an old connection ends cleanly")
    func age() async throws {
        try await HubFixture.with(configure: {
            $0.heartbeat = .milliseconds(16)
            $0.maxAge = .milliseconds(50)
        }) { fixture in
            let stream = try await TestStream(fixture)
            #expect(await stream.outcome == .finished)
            #expect(!stream.recording.wasDropped)
        }
    }

    @Test("a connection that takes nothing for some heartbeats is dropped", arguments: [false, true])
    func stalled(isReplaying: Bool) async throws {
        try await HubFixture.with(configure: {
            $0.heartbeat = .milliseconds(16)
            $0.maxStalledHeartbeats = 3
        }) { fixture in
            let task = try await fixture.addTask()
            let origin = Cursor(epoch: try await fixture.head().epoch, position: 0)
            if isReplaying { try await fixture.addCustom(task, count: 10, size: 60_000) }
            let stream = try await TestStream(fixture, after: origin, isReading: false)
            if !isReplaying { try await fixture.addCustom(task, count: 2, size: 60_000) }
            #expect(await stream.outcome == .gone)
            #expect(stream.recording.wasDropped)
        }
    }

    @Test("a reader that takes one byte between two heartbeats is never dropped, and gets everything", arguments: [false, true])
    func slow(isReplaying: Bool) async throws {
        try await HubFixture.with(configure: {
            $0.heartbeat = .milliseconds(16)
            $0.maxUnsentBytes = 1000
        }) { fixture in
            let task = try await fixture.addTask()
            let origin = Cursor(epoch: try await fixture.head().epoch, position: 0)
            if isReplaying { try await fixture.addCustom(task, count: 10, size: 60_000) }
            let stream = try await TestStream(fixture, after: origin, isReading: false)
            try await stream.readSlowly()
            if !isReplaying { try await fixture.addCustom(task, count: 10, size: 60_000) }
            // Another stream's heartbeats tell the time: many times as long as a reader that takes nothing has.
            let quiet = try await TestStream(fixture, filter: StreamFilter(taskIDs: [UUID()]))
            for _ in 0..<20 {
                let beats = quiet.recording.lines
                await quiet.recording.wait(forReader: { $0.lines > beats })
            }
            #expect(!stream.recording.wasDropped)
            try await stream.readAll()
            let head = try await fixture.head().position
            await stream.reaches(head)
            #expect(stream.recording.events.compactMap(\.position) == Array(1...head))
            _ = await stream.disconnect()
            _ = await quiet.disconnect()
        }
    }

    @Test("on shutdown streams end cleanly and no new ones are taken in")
    func shutdown() async throws {
        try await HubFixture.with(configure: { $0.drainTime = .milliseconds(50) }) { fixture in
            let streams = [try await TestStream(fixture), try await TestStream(fixture)]
            let group = ServiceGroup(services: [fixture.hub], logger: fixture.logger)
            async let running: Void = group.run()
            await group.triggerGracefulShutdown()
            for stream in streams {
                #expect(await stream.outcome == .finished)
                #expect(!stream.recording.wasDropped)
            }
            try await running
            #expect(fixture.hub.admit(HubFixture.reader) == .node)
        }
    }
}
