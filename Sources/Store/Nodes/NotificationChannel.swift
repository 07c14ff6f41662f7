import Base
package import Foundation
package import Logging
import Postgres
import Workflow

/// Notifies the other nodes of commits: where there may be something to read. It is no data: polling finds what is lost.
package struct NodeNotification: Sendable, Equatable {
    /// The node that sends it; nil when it was typed into `psql`.
    package var nodeID: UUID?
    /// The tenants whose logs may have grown; nil for any.
    package var tenantIDs: Set<String>?
    /// Steps or wake-ups may have become due.
    package var hasWork: Bool
    /// The sender has just begun to listen: every node that hears it says that it is there.
    package var asksWhoIsThere: Bool

    package init(nodeID: UUID?, tenantIDs: Set<String>? = [], hasWork: Bool = false, asksWhoIsThere: Bool = false) {
        self.nodeID = nodeID
        self.tenantIDs = tenantIDs
        self.hasWork = hasWork
        self.asksWhoIsThere = asksWhoIsThere
    }
}

extension NodeNotification {
    /// In bytes; PostgreSQL takes payloads below 8,000.
    static let payloadLimit = 7_999

    /// As `NOTIFY` carries it. Where the tenants do not fit, it says that any may be meant.
    var payload: String {
        let text = json.text
        if text.utf8.count <= Self.payloadLimit { return text }
        var shorter = self
        shorter.tenantIDs = nil
        return shorter.json.text
    }

    private var json: JSON {
        [
            "node": nodeID.map { .string($0.text) } ?? .null,
            "tenants": tenantIDs.map { .array($0.sorted().map(JSON.string)) } ?? .null,
            "work": .bool(hasWork), "ask": .bool(asksWhoIsThere),
        ]
    }

    /// A payload that cannot be read means that there may be something anywhere.
    init(payload: String) {
        let json = (try? JSON(parsing: payload)) ?? .null
        nodeID = json["node"]?.string.flatMap(UUID.init(text:))
        tenantIDs = json["tenants"]?.array.map { Set($0.compactMap(\.string)) }
        hasWork = json["work"]?.bool ?? true
        asksWhoIsThere = json["ask"]?.bool ?? false
    }
}

/// Receives the notifications of a database's nodes, on a connection of its own.
package struct NodeNotificationListener: Sendable {
    package enum Report: Sendable, Equatable {
        /// From here on every notification is received. Any may have been sent before.
        case connected
        /// Nothing is received until the next `connected`.
        case disconnected
        case heard(NodeNotification)
    }

    package static let applicationName = "pressroom listener"

    private let listener: PostgresListener

    package init(store: Store, logger: Logger) {
        var configuration = store.database.configuration
        configuration.applicationName = Self.applicationName
        listener = PostgresListener(configuration: configuration, channels: [Store.notificationChannel], logger: logger)
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
            case .received(_, let payload): .heard(NodeNotification(payload: payload))
            }
        }
    }
}

extension Store {
    /// The channel of the notifications; `NOTIFY` on it in `psql` makes all nodes look at once.
    package static let notificationChannel = "pressroom_notifications"

    /// Tells the other nodes. The transaction is its own, because `NOTIFY` takes an instance-wide lock at commit, and it does
    /// not wait for the disk: what a crash loses, a poll finds.
    package func send(_ notification: NodeNotification) async throws {
        _ = try await database.query(
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify(\(Self.notificationChannel), \(notification.payload))")
    }
}
