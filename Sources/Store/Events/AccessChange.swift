import Base
package import Foundation
import Postgres

/// A change of what credentials open: of a key, a session, a member or the tenant, by whichever client. It has a position in the tenant's
/// log and is no event for clients (`migrations/0013_access.up.sql`).
package struct AccessChange: Sendable, Hashable {
    /// The credentials that it may affect.
    package enum Affected: Sendable, Hashable {
        /// A key, and what was made with it: its public part.
        case key(String)
        /// A session, and what was made with it.
        case session(UUID)
        /// Users and members of groups, as `Member.key` has them.
        case member(String)
        case everyone
    }

    package let position: Int64
    package let affected: Affected

    package init(position: Int64, _ affected: Affected) {
        self.position = position
        self.affected = affected
    }
}

extension AccessChange {
    /// Reads a row of the log, with its payload in the column `data`. A payload that a client of the database made up affects
    /// everyone.
    init(_ row: PostgresRow, position: Int64) {
        let access = row["data"].bytes.flatMap { try? JSON(parsing: $0, limits: .stored) }?["access"]
        let affected: Affected =
            if let keyID = access?["key_id"]?.string { .key(keyID) } else if let id = access?["session"]?.string.flatMap({ UUID(text: $0) }) {
                .session(id)
            } else if let member = access?["member"]?.string {
                .member(member)
            } else { .everyone }
        self.init(position: position, affected)
    }
}
