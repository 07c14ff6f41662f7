import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Broadcast

@Suite("A reader that leaves", .limit(minutes: 1))
struct SubscriberLeavingTests {
    /// What becomes of a stream whose reader leaves after an outcome, once it is opened again.
    private func outcome(after outcome: StreamOutcome, leaves: Bool) async throws -> StreamOutcome? {
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let loop = hub.eventLoops[0]
        let subscribers = try #require(hub.subscribers(on: loop))
        return try await loop.submit {
            let output = RecordingOutput(recording: StreamRecording(), loop: loop)
            let request = StreamRequest(tenantID: "t", filter: StreamFilter())
            let subscriber = Subscriber(request, hub: hub, loop: subscribers.value, output: output)
            subscriber.finish(outcome)
            if leaves { subscriber.readerLeft() }
            subscriber.reopen()
            return subscriber.outcome
        }.get()
    }

    @Test("after a reset is not forgotten by the next start")
    func reset() async throws {
        #expect(try await outcome(after: .reset(.epoch), leaves: true) == .gone)
        #expect(try await outcome(after: .reset(.epoch), leaves: false) == nil)
    }

    @Test("is not waited for", arguments: [StreamOutcome.finished, .reset(.epoch)])
    func settling(outcome: StreamOutcome) async throws {
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let loop = hub.eventLoops[0]
        let subscribers = try #require(hub.subscribers(on: loop))
        let bound = try await loop.submit {
            let output = RecordingOutput(recording: StreamRecording(), loop: loop)
            output.drop()
            let request = StreamRequest(tenantID: "t", filter: StreamFilter())
            let subscriber = Subscriber(request, hub: hub, loop: subscribers.value, output: output)
            subscriber.finish(outcome)
            subscriber.readerLeft()
            return NIOLoopBound(subscriber, eventLoop: loop)
        }.get()
        // Without an end of the waiting the limit of time fails the test.
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { bound.value.settle(within: .hours(1), continuation) }
            }
            await withCheckedContinuation { continuation in
                loop.execute { bound.value.whenWritable(continuation) }
            }
        } onCancel: {
            loop.execute { bound.value.becameWritable() }
        }
        let kept = try await loop.submit { bound.value.outcome }.get()
        #expect(kept == outcome)
    }
}
