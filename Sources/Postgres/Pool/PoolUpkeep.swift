import Synchronization

/// Why a pool closes a connection.
enum CloseReason: String, Sendable {
    case idle, lifetime, unhealthy, unusable, shutdown
    case readOnly = "read_only"
}

/// The upkeep of a pool while its client runs: enough connections are idle, none is kept for nothing or for too long, and
/// those that are rarely used still work.
extension ConnectionPool {
    /// How long an idle connection may take to answer.
    private static var healthTimeout: Duration { .seconds(5) }

    /// Runs until the task is cancelled.
    func keep() async {
        while !Task.isCancelled {
            close(change { $0.takeIdle(where: self.isPastLifetime) }, .lifetime)
            close(change { $0.takeUnneeded { self.isUnused($0, for: self.configuration.idleTimeout) } }, .idle)
            let due = change { $0.borrowIdle { self.isUnused($0, for: self.configuration.healthInterval) } }
            await withTaskGroup(of: Void.self) { group in
                for connection in due { group.addTask { await self.tryOut(connection) } }
            }
            try? await Task.sleep(for: upkeepInterval)
        }
    }

    private func isUnused(_ connection: PostgresConnection, for time: Duration) -> Bool {
        time > .zero && connection.usedAt.withLock { $0 }.duration(to: .now) >= time
    }

    /// A server that is gone without a word is found only by asking.
    private func tryOut(_ connection: PostgresConnection) async {
        let limit = Task {
            guard (try? await Task.sleep(for: Self.healthTimeout)) != nil else { return }
            connection.close()
        }
        let answers = (try? await connection.execute(script: "SELECT 1")) != nil
        limit.cancel()
        release(connection, isHealthy: answers)
    }

    /// A few times within the shortest of the times that it goes by.
    private var upkeepInterval: Duration {
        let times = [configuration.maxLifetime / 10, configuration.idleTimeout / 4, configuration.healthInterval / 4]
        return max(.milliseconds(50), min(.seconds(10), times.filter { $0 > .zero }.min() ?? .seconds(10)))
    }
}
