import Base
import Foundation
import Postgres
import Workflow

/// One page of a list, newest first: `{"items": […], "next": "…" | null}`, and `total` where it is asked for.
package struct ListPage: Sendable {
    package let json: JSONText

    /// Puts the page together from rows with the columns `item` (JSON) and `key` (the row's place in the list).
    ///
    /// - Parameters:
    ///   - rows: up to one more than `limit`; the extra one only says that there is a next page. A row without an item
    ///     only has a place in the list.
    ///   - isCut: whether there may be more after the last row, however few they are.
    ///   - total: of the whole list; nil where it is not asked for.
    init(_ rows: PostgresResult, limit: Int, isCut: Bool = false, total: ListTotal? = nil) {
        let last = rows.prefix(limit).last
        let items = rows.prefix(limit).filter { !$0["item"].isNull }
        var body: [UInt8] = []
        body.reserveCapacity(items.reduce(64) { $0 + $1["item"].byteCount + 1 })
        body.append(contentsOf: "{\"items\":[".utf8)
        for (index, row) in items.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            row["item"].append(to: &body)
        }
        body.append(contentsOf: "],\"next\":".utf8)
        if rows.count > limit || isCut, let key = last?["key"].string {
            body.append(contentsOf: "\"\(PageToken(key: key).text)\"".utf8)
        } else {
            body.append(contentsOf: "null".utf8)
        }
        if let total { body.append(contentsOf: ",\"total\":\(total.count)\(total.isFloor ? ",\"total_is_floor\":true" : "")".utf8) }
        body.append(UInt8(ascii: "}"))
        json = JSONText(bytes: body)
    }
}

/// How many rows a list has, without its pages.
struct ListTotal: Sendable {
    /// The most rows that are looked at: counting costs no more than this, whatever the tables hold.
    static let maxExamined = 10_000

    let count: Int
    /// Whether there may be more.
    let isFloor: Bool

    /// - Parameters:
    ///   - found: of those that were looked at, how many are in the list.
    ///   - examined: how many were looked at, up to one more than `maxExamined`.
    init(found: Int, examined: Int) {
        count = min(found, Self.maxExamined)
        isFloor = examined > Self.maxExamined
    }
}

extension Store {
    /// A page of a task's rows in one table, newest first.
    ///
    /// - Parameters:
    ///   - table: has the columns `task_id` and `id`.
    ///   - json: the function that makes a row's JSON.
    /// - Throws: `StoreError` `invalid` for a token of another list.
    func rows(
        of table: String, _ json: String, _ scope: Scope, _ taskID: UUID, _ page: PageRequest
    ) async throws -> ListPage {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.\(raw: json)(t) AS item, t.id AS key FROM pressroom.\(raw: table) t
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID) AND t.id < \(page.idBelow())
             ORDER BY t.id DESC LIMIT \(page.limit + 1)
            """)
        let total = try await total(
            scope, page,
            of: "FROM pressroom.\(raw: table) t WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)")
        return ListPage(rows, limit: page.limit, total: total)
    }

    /// Counts a list; nil where its total is not asked for.
    ///
    /// - Parameter source: the rest of a `SELECT` that finds all of its rows, from `FROM` on.
    func total(_ scope: Scope, _ page: PageRequest, of source: PostgresQuery) async throws -> ListTotal? {
        guard page.isCounted else { return nil }
        let counted = try await query(
            scope, "SELECT count(*) AS count FROM (SELECT \(part: source) LIMIT \(ListTotal.maxExamined + 1)) AS r")
        let count: Int = try counted[0].decode("count")
        return ListTotal(found: count, examined: count)
    }
}

/// Which part of a list is asked for.
package struct PageRequest: Sendable {
    /// 1 to 500.
    package let limit: Int
    /// The last row of the page before; nil for the first page.
    package let after: PageToken?
    /// Whether the page says how many rows the list has.
    package let isCounted: Bool

    package static let defaultLimit = 50
    package static let limits = 1...500
    /// How many rows a page examines, of a list whose filters may match few of them.
    package static let examined = 2_000

    package init(limit: Int = Self.defaultLimit, after: PageToken? = nil, isCounted: Bool = false) {
        self.limit = limit
        self.after = after
        self.isCounted = isCounted
    }

    /// The id below which a list goes on that is ordered by ids.
    func idBelow() throws(StoreError) -> UUID {
        guard let after else { return Self.greatestID }
        guard let id = UUID(text: after.key) else { throw PageToken.unknown }
        return id
    }

    /// The time of creation, in microseconds since 1970, and the id below which a list of tasks goes on; nil on its first
    /// page.
    func taskBelow() throws(StoreError) -> (createdAt: Int64, id: UUID)? {
        guard let after else { return nil }
        let parts = after.key.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let createdAt = Int64(parts[0]), Self.times.contains(createdAt),
            let id = UUID(text: String(parts[1]))
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

/// The place where a page of a list ended, as clients carry it: opaque to them, base64url of a key.
package struct PageToken: Sendable, Hashable {
    let key: String

    init(key: String) {
        self.key = key
    }

    /// Nil when the text was not made by `text`.
    package init?(_ text: String) {
        guard text.utf8.count <= 2_048, !text.utf8.contains(where: { $0 == UInt8(ascii: "=") }) else { return nil }
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let key = String(validating: data, as: UTF8.self) else { return nil }
        self.key = key
        guard self.text == text else { return nil }
    }

    package var text: String {
        Data(key.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// A token of another list.
    static let unknown = StoreError(
        .invalid, "The page token does not belong to this list.",
        problems: [Problem(pointer: "/query/after", detail: "is not a token of this list")])
}
