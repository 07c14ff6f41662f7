import Postgres
package import Workflow

/// Where a tenant's log stands.
package struct LogHead: Sendable, Hashable {
    package let tenantID: String
    package let epoch: String
    /// The last event; 0 before the first.
    package let position: Int64
    /// Events up to here are past retention.
    package let pruned: Int64

    package init(tenantID: String, epoch: String, position: Int64, pruned: Int64) {
        self.tenantID = tenantID
        self.epoch = epoch
        self.position = position
        self.pruned = pruned
    }

    package var cursor: Cursor { Cursor(epoch: epoch, position: position) }
}

extension LogHead {
    /// Reads the first four columns: tenant, epoch, position, pruned.
    init(_ row: PostgresRow) throws(PostgresError) {
        tenantID = try row.decode(0)
        epoch = try row.decode(1)
        position = try row.decode(2)
        pruned = try row.decode(3)
    }
}
