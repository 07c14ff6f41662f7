package import Foundation

/// An id within its tenant, for what is kept in memory. Rows of two tenants can have the same id: keys of tables begin with the
/// tenant, and so do those of caches.
package struct TenantKey: Sendable, Hashable {
    package let tenantID: String
    package let id: UUID

    package init(_ tenantID: String, _ id: UUID) {
        self.tenantID = tenantID
        self.id = id
    }
}
