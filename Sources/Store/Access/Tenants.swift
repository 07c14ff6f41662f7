import Base
import Postgres

/// Whether a tenant may start tasks.
package enum TenantStatus: String, Sendable, Hashable {
    case active
    /// Keeps its rows, and what runs goes on; nothing new starts.
    case suspended
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
            throw StoreError(.invalid, "A tenant's name has 1 to 128 characters, none of them a control character.")
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
    }

    static func noTenant(_ id: String) -> StoreError { StoreError(.notFound, "There is no tenant '\(id)'.") }
}
