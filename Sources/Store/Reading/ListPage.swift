import Foundation
import Postgres

/// One page of a list, newest first: `{"items": […], "next": "…" | null}`.
package struct ListPage: Sendable {
    package let json: JSONText

    /// Puts the page together from rows with the columns `item` (JSON) and `key` (where the row stands in the list).
    ///
    /// - Parameters:
    ///   - rows: up to one more than `limit`; the extra one only says that there is a next page. A row without an item
    ///     only has a place in the list.
    ///   - isCut: whether there may be more after the last row, however few they are.
    init(_ rows: PostgresResult, limit: Int, isCut: Bool = false) {
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
            body.append(contentsOf: "\"\(PageToken(key: key).text)\"}".utf8)
        } else {
            body.append(contentsOf: "null}".utf8)
        }
        json = JSONText(bytes: body)
    }
}
