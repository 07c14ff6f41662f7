package import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Workflow

/// Reads the texts that other nodes write for the tenants that somebody follows here, and hands them to the hub piece
/// by piece, like those that are written here: one query for all of them at a time, for what is new only.
package struct LiveTextReader: Service {
    private let store: Store
    private let hub: Hub
    private let processorID: UUID
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - processorID: this node's, whose texts need not be read.
    ///   - interval: between two looks. Other nodes save their texts once a second.
    package init(
        store: Store, hub: Hub, processorID: UUID, interval: Duration = .milliseconds(500), logger: Logger
    ) {
        self.store = store
        self.hub = hub
        self.processorID = processorID
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var texts = OtherTexts()
            var failures = 0
            while !Task.isCancelled {
                var pause = interval
                do {
                    try await look(&texts)
                    failures = 0
                } catch {
                    failures += 1
                    pause = max(interval, Backoff.delay(afterFailures: failures))
                    if failures == 1, !Task.isCancelled {
                        logger.warning("the texts of other nodes cannot be read", metadata: ["error": "\(error)"])
                    }
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    private func look(_ texts: inout OtherTexts) async throws {
        let tenantIDs = hub.watchedTenants()
        texts.keep(tenantIDs, hub)
        guard !tenantIDs.isEmpty else { return }
        while !Task.isCancelled {
            let news = try await store.liveTextNews(
                tenantIDs: tenantIDs, notOf: processorID, known: texts.known)
            let areAllPublished = texts.take(news, hub)
            if areAllPublished, !news.isCut {
                for head in news.heads { hub.sawOtherTexts(at: head) }
                return
            }
            // What was read too early is there again with the next look.
            if !areAllPublished { return }
        }
    }
}
