package import Logging
import Postgres

/// Hears what the nodes of a database tell each other, on a connection of its own.
package struct NodeHintListener: Sendable {
    package enum Report: Sendable, Equatable {
        /// From here on everything is heard. Anything may have been said before.
        case connected
        /// Nothing is heard until the next `connected`.
        case disconnected
        case heard(NodeHint)
    }

    package static let applicationName = "pressroom listener"

    private let listener: PostgresListener

    package init(store: Store, logger: Logger) {
        var configuration = store.database.configuration
        configuration.applicationName = Self.applicationName
        listener = PostgresListener(configuration: configuration, channels: [Store.hintChannel], logger: logger)
    }

    /// Listens until it is cancelled; comes back by itself after every interruption.
    package func run() async throws {
        try await listener.run()
    }

    /// Ends with `run()`. For one reader.
    package var reports: some AsyncSequence<Report, Never> {
        listener.notifications.map { notification in
            switch notification {
            case .connected: .connected
            case .disconnected: .disconnected
            case .received(_, let payload): .heard(NodeHint(payload: payload))
            }
        }
    }
}
