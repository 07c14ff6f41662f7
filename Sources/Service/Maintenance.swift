import Logging
import ServiceLifecycle
import Store

/// Removes what is past its time, at the start and every hour. Any number of nodes may do so.
struct Maintenance: ServiceLifecycle.Service {
    let store: Store
    let eventRetention: Duration
    let logger: Logger

    /// How long a key answers with the first result; longer than any client tries again.
    private static let idempotencyKeyAge: Duration = .seconds(7 * 86_400)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await sweep()
                try await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    private func sweep() async {
        do {
            let removed = try await store.pruneEvents(olderThan: eventRetention)
            if removed > 0 { logger.info("removed events past their retention", metadata: ["events": "\(removed)"]) }
            _ = try await store.deleteIdempotencyKeys(olderThan: Self.idempotencyKeyAge)
        } catch {
            if !Task.isCancelled { logger.warning("cannot remove what is past its time", metadata: ["error": "\(error)"]) }
        }
    }
}
