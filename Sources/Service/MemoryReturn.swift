import Broadcast
import CLibPQ
import ServiceLifecycle

/// Gives memory back to the system after many streams have begun or ended.
///
/// A connection needs most of its memory while its request is answered, little as a stream and none afterwards; but
/// glibc keeps what was freed below the top of its heaps until it is told to look (malloc_trim(3)).
struct MemoryReturn: ServiceLifecycle.Service {
    let hub: Hub

    /// How many streams must have begun or ended.
    private static let change = 500
    private static let interval: Duration = .seconds(1)
    /// For how many looks no more than a few have begun or ended: giving back takes a moment.
    private static let calm = 5

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var (returned, last) = (hub.streamCount, hub.streamCount)
            var isDue = false  // also when those that came have left again
            var calmLooks = 0
            while true {
                try await Task.sleep(for: Self.interval)
                let count = hub.streamCount
                if abs(count - returned) >= Self.change { isDue = true }
                calmLooks = abs(count - last) < Self.change ? calmLooks + 1 : 0
                last = count
                guard isDue, calmLooks >= Self.calm else { continue }
                malloc_trim(0)
                (returned, isDue) = (count, false)
            }
        }
    }
}
