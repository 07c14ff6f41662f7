/// Why a cursor cannot be continued.
package enum ResetReason: String, Sendable, Hashable {
    /// It belongs to another history of the database, or is ahead of this one.
    case epoch
    /// What follows it is past retention.
    case expired
}
