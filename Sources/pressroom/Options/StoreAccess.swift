import Base
import Foundation
import Postgres
import Service
import Store

/// The tables of a configuration's database as their owner sees them, for what belongs to the operator: tenants and first keys.
struct StoreAccess {
    let configuration: PressroomConfiguration

    /// Runs `body` on the store, after the migrations were applied, or checked where `database.migrate` is false.
    func withStore<Value: Sendable>(_ body: (Store) async throws -> Value) async throws -> Value {
        let access = DatabaseAccess(configuration)
        let directory = try ResourceLocator.current.migrationsDirectory(configuration)
        return try await access.withClient { client in
            let migrator = Migrator(client: client, directory: directory, logger: access.logger)
            if configuration.database.migrate { try await migrator.up() } else { try await migrator.verify() }
            do {
                return try await body(Store(database: client))
            } catch let error as StoreError {
                throw CommandFailure(SafeText.line(error.message))
            }
        }
    }

    /// The scope of an operator's changes in a tenant. Its actor is the user of this machine, and not one of the tenant.
    static func scope(tenantID: String) -> Scope {
        Scope(tenantID: tenantID, userID: NSUserName(), actor: "operator:\(NSUserName())")
    }
}

extension JSONText {
    /// The row as its members.
    func members() throws -> JSONObject {
        try JSON(parsing: bytes, limits: .stored).object ?? [:]
    }
}
