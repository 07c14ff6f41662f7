/// Something that must be true of the tables, and is not.
package struct BrokenInvariant: Sendable {
    /// As in `checks/invariants.sql`.
    package let name: String
    /// In how many places.
    package let violations: Int
    /// Some of them, for people.
    package let samples: [String]
}

/// What came of a check of the tables.
package struct InvariantReport: Sendable {
    /// How many invariants there are.
    package let count: Int
    package let broken: [BrokenInvariant]
}
