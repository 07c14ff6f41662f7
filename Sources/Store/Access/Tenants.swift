import Base
import Postgres

/// Whether a tenant may start tasks.
package enum TenantStatus: String, Sendable, Hashable {
    case active
    /// Keeps its rows, and what runs goes on; nothing new starts.
    case suspended
}

/// What can be set for one tenant; the names are those of the columns.
package enum TenantLimit: String, Sendable, Hashable, CaseIterable {
    /// Steps at a time, over all nodes.
    case steps = "max_steps"
    /// Streams at a time, on each node.
    case streams = "max_streams"
    /// Requests of all its users together, on each node.
    case requestsPerMinute = "requests_per_minute"
    /// How long its log keeps events, in seconds.
    case eventsRetention = "events_retention"
    /// How long requests and responses of its calls are kept, in seconds.
    case callsRetention = "calls_retention"

    /// Whether it is a time, in seconds.
    package var isDuration: Bool { self == .eventsRetention || self == .callsRetention }

    package var range: ClosedRange<Int> {
        switch self {
        case .steps, .streams: 1...1_000_000
        case .requestsPerMinute: 1...10_000_000
        case .eventsRetention, .callsRetention: 60...315_360_000
        }
    }
}

// Tenants belong to the operator: these statements run as the owner of the tables, and not as the service (`pressroom tenant`).
extension Store {
    /// Every tenant, by name.
    package func tenants() async throws -> [JSONText] {
        try await database.query(
            "SELECT pressroom.tenant_json(t) AS item FROM pressroom.tenants t ORDER BY t.tenant_id"
        ).map { JSONText(bytes: $0["item"].bytes ?? []) }
    }

    /// - Throws: `StoreError` `conflict` when there is one of that name, `invalid` for a name that cannot be one.
    package func createTenant(_ id: String) async throws -> JSONText {
        guard Self.isTenantName(id) else {
            throw StoreError(
                .invalid,
                "A tenant's name has 1 to 128 characters, none of them a control character, in Unicode's normal form C.")
        }
        let rows = try await database.query(
            """
            INSERT INTO pressroom.tenants AS t (tenant_id) VALUES (\(id)) ON CONFLICT DO NOTHING
            RETURNING pressroom.tenant_json(t) AS item
            """)
        guard let row = rows.first else { throw StoreError(.conflict, "There is a tenant '\(id)' already.") }
        return JSONText(bytes: row["item"].bytes ?? [])
    }

    /// - Throws: `StoreError` `notFound`.
    package func setTenantStatus(_ id: String, _ status: TenantStatus) async throws -> JSONText {
        let rows = try await database.query(
            """
            UPDATE pressroom.tenants t SET status = \(status.rawValue) WHERE t.tenant_id = \(id)
            RETURNING pressroom.tenant_json(t) AS item
            """)
        guard let row = rows.first else { throw Self.noTenant(id) }
        return JSONText(bytes: row["item"].bytes ?? [])
    }

    /// Changes the tenant's own limits; nil takes one away, so that the service's setting counts.
    ///
    /// - Throws: `StoreError` `notFound`, or `invalid` for a value out of range.
    package func setTenantLimits(_ id: String, _ limits: [TenantLimit: Int?]) async throws -> JSONText {
        var members = JSONObject()
        for (limit, value) in limits {
            if let value, !limit.range.contains(value) {
                throw StoreError(
                    .invalid, "\(limit.rawValue) must be \(limit.range.lowerBound) to \(limit.range.upperBound).")
            }
            members[limit.rawValue] = value.map { .integer(Int64($0)) } ?? .null
        }
        let changes = JSON.object(members)
        let rows = try await database.query(
            """
            UPDATE pressroom.tenants t
               SET max_steps = CASE WHEN c.j ? 'max_steps' THEN (c.j ->> 'max_steps')::integer ELSE t.max_steps END,
                   max_streams = CASE WHEN c.j ? 'max_streams' THEN (c.j ->> 'max_streams')::integer ELSE t.max_streams END,
                   requests_per_minute = CASE WHEN c.j ? 'requests_per_minute'
                                              THEN (c.j ->> 'requests_per_minute')::integer ELSE t.requests_per_minute END,
                   events_retention = CASE WHEN c.j ? 'events_retention'
                                           THEN (c.j ->> 'events_retention')::integer ELSE t.events_retention END,
                   calls_retention = CASE WHEN c.j ? 'calls_retention'
                                          THEN (c.j ->> 'calls_retention')::integer ELSE t.calls_retention END
              FROM (SELECT \(changes)::jsonb AS j) c
             WHERE t.tenant_id = \(id)
            RETURNING pressroom.tenant_json(t) AS item
            """)
        guard let row = rows.first else { throw Self.noTenant(id) }
        return JSONText(bytes: row["item"].bytes ?? [])
    }

    /// Removes a tenant and everything that it has but its audit.
    ///
    /// - Throws: `StoreError` `notFound`.
    package func deleteTenant(_ id: String) async throws {
        let rows = try await database.query("SELECT pressroom.delete_tenant(\(id)) AS is_gone")
        guard try rows[0].decode("is_gone", as: Bool?.self) == true else { throw Self.noTenant(id) }
    }

    /// As the table checks it.
    package static func isTenantName(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        return (1...128).contains(scalars.count) && !scalars.contains { $0.properties.generalCategory == .control }
            && text.isInNormalFormC
    }

    static func noTenant(_ id: String) -> StoreError { StoreError(.notFound, "There is no tenant '\(id)'.") }
}
