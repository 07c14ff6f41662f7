import Base
import NIOCore
import NIOPosix
import Store
import Testing
import Workflow

@testable import Broadcast

/// A fan-out that is written in slices, step by step: other things happen between two of them.
@Suite("Rounds")
struct RoundTests {
    /// What a loop sees; everything here happens on it.
    private struct Scene {
        let hub: Hub
        let subscribers: LoopSubscribers
        let loop: any EventLoop
        private(set) var position: Int64 = 0

        init(_ hub: Hub, _ subscribers: LoopSubscribers, _ loop: any EventLoop) {
            self.hub = hub
            self.subscribers = subscribers
            self.loop = loop
            hub.follow(LogHead(tenantID: "t", epoch: "e1", position: 0, pruned: 0))
        }

        /// A reader that has everything so far.
        func subscriber() -> (subscriber: Subscriber, recording: StreamRecording) {
            let recording = StreamRecording()
            let output = RecordingOutput(recording: recording, loop: loop)
            let subscriber = Subscriber(
                StreamRequest(tenantID: "t", filter: StreamFilter()), hub: hub, loop: subscribers, output: output)
            output.subscriber = subscriber
            let cursor = Cursor(epoch: "e1", position: position)
            _ = subscriber.begin(StreamStart(cursor: cursor, openingCursor: cursor), retry: .seconds(1))
            return (subscriber, recording)
        }

        /// Publishes one more event, which the groups gather.
        mutating func publish() {
            position += 1
            let row = EventRow(
                position: position, type: "custom", task: TaskFacts(taskID: UUIDv7.next()), data: JSONText("{}"))
            let head = LogHead(tenantID: "t", epoch: "e1", position: position, pruned: 0)
            hub.publish(EventPage(head: head, start: position - 1, events: [row], through: position))
            subscribers.takeMail(from: hub)
        }
    }

    private func withScene(_ body: @escaping @Sendable (inout Scene) throws -> Void) async throws {
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let loop = hub.eventLoops[0]
        let subscribers = try #require(hub.subscribers(on: loop))
        try await loop.submit {
            var scene = Scene(hub, subscribers.value, loop)
            try body(&scene)
        }.get()
    }

    @Test("who comes between two slices gets each event once, and everybody else too")
    func newcomer() async throws {
        try await withScene { scene in
            let readers = (0..<100).map { _ in scene.subscriber() }
            let group = try #require(readers[0].subscriber.group)
            scene.publish()
            #expect(group.write(atMost: 64) == 64)
            scene.publish()
            let late = scene.subscriber()
            #expect(group.write(atMost: .max) == 36)
            #expect(group.write(atMost: .max) == 100)
            #expect(group.isLevel)
            scene.publish()
            let counts = (group.write(atMost: 100), group.write(atMost: 100))
            #expect(counts == (100, 1))
            for reader in readers { #expect(reader.recording.events.map(\.position) == [1, 2, 3]) }
            #expect(late.recording.events.map(\.position) == [3])
        }
    }

    @Test("who leaves between two slices gets no more, and nobody is left out")
    func leaver() async throws {
        try await withScene { scene in
            let readers = (0..<10).map { _ in scene.subscriber() }
            let group = try #require(readers[0].subscriber.group)
            scene.publish()
            #expect(group.write(atMost: 3) == 3)
            readers[0].subscriber.readerLeft()
            readers[5].subscriber.readerLeft()
            scene.publish()
            while !group.isLevel { _ = group.write(atMost: 3) }
            for (number, reader) in readers.enumerated() {
                let expected: [Int64] = number == 0 ? [1] : number == 5 ? [] : [1, 2]
                #expect(reader.recording.events.map(\.position) == expected)
            }
        }
    }

    @Test("a reset between two slices comes after everything before it")
    func reset() async throws {
        try await withScene { scene in
            let readers = (0..<100).map { _ in scene.subscriber() }
            let group = try #require(readers[0].subscriber.group)
            scene.publish()
            #expect(group.write(atMost: 64) == 64)
            scene.publish()
            scene.hub.reset(to: LogHead(tenantID: "t", epoch: "e2", position: 0, pruned: 0), .epoch)
            scene.subscribers.takeMail(from: scene.hub)
            for reader in readers {
                #expect(reader.recording.events.map(\.position) == [1, 2])
                #expect(reader.subscriber.outcome == .reset(.epoch))
            }
        }
    }

    @Test("no heartbeat names a place that its reader has not reached")
    func heartbeat() async throws {
        try await withScene { scene in
            let readers = (0..<3).map { _ in scene.subscriber() }
            let group = try #require(readers[0].subscriber.group)
            scene.publish()
            #expect(group.write(atMost: 1) == 1)
            #expect(!group.isLevel)
            scene.subscribers.beat(readers.map(\.subscriber))
            for reader in readers.dropFirst() { #expect(reader.recording.lastID == "e1.0") }
            while !group.isLevel { _ = group.write(atMost: 1) }
            scene.subscribers.beat(readers.map(\.subscriber))
            for reader in readers { #expect(reader.recording.lastID == "e1.1") }
        }
    }
}
