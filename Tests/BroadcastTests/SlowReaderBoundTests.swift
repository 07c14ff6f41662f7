import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("What a reader that does not read costs its node")
struct SlowReaderBoundTests {
    @Test("live: at most the limit and one write are unsent, however much comes", arguments: [1, 100_000, 300_000])
    func live(limit: Int) async throws {
        try await HubFixture.with { $0.maxUnsentBytes = limit } _: { fixture in
            let task = try await fixture.addTask()
            let slow = try await TestStream(fixture)
            var others: [TestStream] = []
            for _ in 0..<5 { others.append(try await TestStream(fixture)) }
            try await fixture.addCustom(task)
            let first = try await fixture.head().position
            for stream in [slow] + others { await stream.reaches(first) }
            try await slow.stopReading()
            for _ in 0..<30 {
                try await fixture.addCustom(task, count: 3, size: 10_000)
                let head = try await fixture.head().position
                for stream in others { await stream.reaches(head) }
            }
            #expect(!slow.recording.wasDropped)
            let unsent = try await slow.unsent()
            #expect(unsent.bytes > max(limit, RecordingOutput.highWaterMark))
            #expect(unsent.bytes <= max(limit, RecordingOutput.highWaterMark) + unsent.largestWrite)
            let head = try await fixture.head().position
            for stream in others { #expect(stream.recording.events.compactMap(\.position) == Array(first...head)) }
            try await slow.readAll()
            await slow.reaches(head)
            #expect(slow.recording.events.compactMap(\.position) == Array(first...head))
            for stream in others + [slow] { _ = await stream.disconnect() }
        }
    }

    @Test("replaying: no more is read than its connection takes, however much there is and comes")
    func replaying() async throws {
        try await HubFixture.with { configuration in
            configuration.ringBytes = 50_000
            configuration.replayBytes = 20_000
            configuration.queueLimit = 30_000
        } _: { fixture in
            let task = try await fixture.addTask()
            try await fixture.addCustom(task, count: 100, size: 10_000)
            let origin = Cursor(epoch: try await fixture.head().epoch, position: 0)
            let slow = try await TestStream(fixture, after: origin, isReading: false)
            let other = try await TestStream(fixture, after: origin)
            await slow.recording.wait { !$0.isEmpty }
            for _ in 0..<20 { try await fixture.addCustom(task, count: 5, size: 10_000) }
            let head = try await fixture.head().position
            await other.reaches(head)
            let unsent = try await slow.unsent()
            // It was not cut off: its replay waits for it.
            #expect(!slow.recording.wasDropped)
            #expect(unsent.bytes <= RecordingOutput.highWaterMark + unsent.largestWrite)
            #expect(unsent.largestWrite <= 20_000 + 2 * 11_000)
            try await slow.readAll()
            await slow.reaches(head)
            for stream in [slow, other] {
                #expect(stream.recording.events.compactMap(\.position) == Array(1...head))
                _ = await stream.disconnect()
            }
        }
    }
}
