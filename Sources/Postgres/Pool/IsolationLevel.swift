/// How much a transaction sees of others (PostgreSQL treats `READ UNCOMMITTED` as `READ COMMITTED`).
package enum IsolationLevel: String, Sendable, CaseIterable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
