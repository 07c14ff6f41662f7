import Broadcast
import CLibPQ
import ServiceLifecycle

/// Gives memory back to the system after many streams have begun or ended.
///
/// A connection needs most of its memory while its request is answered, little as a stream and none afterwards; but
/// glibc keeps what was freed below the top of its heaps until it is told to look (malloc_trim(3)).
struct MemoryReturn: ServiceLifecycle.Service {
    let hub: Hub

    /// How many streams must have begun or ended, and how long no more than a few have: looking takes a moment.
    private static let change = 500
    private static let interval: Duration = .seconds(5)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var (returned, last) = (hub.streamCount, hub.streamCount)
            while true {
                try await Task.sleep(for: Self.interval)
                let count = hub.streamCount
                defer { last = count }
                guard abs(count - returned) >= Self.change, abs(count - last) < Self.change else { continue }
                malloc_trim(0)
                returned = count
            }
        }
    }
}
