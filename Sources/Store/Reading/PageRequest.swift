import Foundation

/// Which part of a list is asked for.
package struct PageRequest: Sendable {
    /// 1 to 500.
    package let limit: Int
    /// The last row of the page before; nil for the first page.
    package let after: PageToken?

    package static let defaultLimit = 50
    package static let limits = 1...500
    /// How many rows a page of a list looks at, whose filters may fit hardly any.
    package static let examined = 2_000

    package init(limit: Int = Self.defaultLimit, after: PageToken? = nil) {
        self.limit = limit
        self.after = after
    }

    /// The id below which a list goes on that is ordered by ids.
    func idBelow() throws(StoreError) -> UUID {
        guard let after else { return Self.greatestID }
        guard let id = UUID(uuidString: after.key) else { throw PageToken.unknown }
        return id
    }

    /// The time of creation, in microseconds since 1970, and the id below which a list of tasks goes on; nil on its first
    /// page.
    func taskBelow() throws(StoreError) -> (createdAt: Int64, id: UUID)? {
        guard let after else { return nil }
        let parts = after.key.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let createdAt = Int64(parts[0]), Self.times.contains(createdAt),
            let id = UUID(uuidString: String(parts[1]))
        else { throw PageToken.unknown }
        return (createdAt, id)
    }

    /// The pair of numbers below which a list goes on that is ordered by two.
    func pairBelow() throws(StoreError) -> (Int64, Int64) {
        guard let after else { return (.max, .max) }
        let parts = after.key.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 2, let first = parts[0], let second = parts[1] else { throw PageToken.unknown }
        return (first, second)
    }

    /// Up to the end of the year 9999.
    private static let times: Range<Int64> = 0..<253_402_300_800_000_000

    private static let greatestID = UUID(
        uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
}
