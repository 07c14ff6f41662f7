import Synchronization

/// Wakes one waiting loop; wakes that come while it is busy are remembered as one.
final class WorkSignal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wake() {
        continuation.yield()
    }

    /// Runs `body` at each wake, and at least every `interval`, until the task is cancelled.
    func forEach(atLeastEvery interval: Duration, _ body: @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: interval)
                    self.wake()
                }
            }
            for await _ in stream {
                await body()
                if Task.isCancelled { break }
            }
            group.cancelAll()
        }
    }
}
