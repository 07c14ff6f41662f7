import Base
import Postgres

/// A list that is read by walking along indexes that have its rows in order, newest first, and no further than needed.
///
/// Whatever the tables hold, a page costs no more than the rows that it may examine.
struct ListWalk {
    /// Its rows are called `t` in everything below.
    let table: String
    /// The column that is its key, within the tenant.
    let id: String
    /// The columns that it is ordered by, the last of which is `id`.
    let order: [String]
    /// SQL of a row's JSON.
    let item: String
    /// SQL of what a page's token holds of a row.
    let key: String
    let tenantID: String
    /// What is true of every row that is looked at, and bounds the walk along any index.
    var bounds: [PostgresQuery]
    /// Where the page begins; nil for the first.
    var start: PostgresQuery?
    /// Conditions that exclude each other, of which one is true of every row that is looked at. Each has an index that has
    /// its rows in order: several are walked side by side and merged. None: the list of all rows is walked.
    var ways: [PostgresQuery] = []
    /// What is tried on each row that is looked at.
    var others: [PostgresQuery] = []

    /// Reads a page. When the rows that may be looked at do not fill it, it is shorter than asked for, or empty, and `next`
    /// goes on behind them.
    func page(_ page: PageRequest, examined: Int, _ database: PostgresClient) async throws -> ListPage {
        let total = page.isCounted ? try await total(database) : nil
        guard !others.isEmpty else {
            return ListPage(try await database.query(found(page.limit + 1)), limit: page.limit, total: total)
        }
        let rows = try await database.query(fitting(page.limit + 1, of: examined))
        return ListPage(rows, limit: page.limit, isCut: try rows.last?.decode("is_last") ?? false, total: total)
    }

    /// Counts the whole list, as far as the rows go that may be looked at.
    private func total(_ database: PostgresClient) async throws -> ListTotal {
        var whole = self
        whole.start = nil
        let rows = try await database.query(
            """
            SELECT count(*) FILTER (WHERE t.fits) AS found, count(*) AS examined
              FROM (SELECT t.fits FROM (\(part: whole.walked("true AS one", others, ListTotal.maxExamined + 1))) t
                     LIMIT \(ListTotal.maxExamined + 1)) t
            """)
        return ListTotal(found: try rows[0].decode("found"), examined: try rows[0].decode("examined"))
    }

    /// Without conditions to try: the first rows are the page.
    private func found(_ limit: Int) -> PostgresQuery {
        """
        SELECT t.item, t.key FROM (\(part: walked("\(item) AS item, \(key) AS key", [], limit))) t
         ORDER BY \(raw: descending) LIMIT \(limit)
        """
    }

    private func fitting(_ limit: Int, of examined: Int) -> PostgresQuery {
        """
        SELECT near.key, near.number = \(examined) AS is_last,
               CASE WHEN near.fits THEN
                   (SELECT \(raw: item) FROM \(raw: table) t
                     WHERE t.tenant_id = \(tenantID) AND t.\(raw: id) = near.\(raw: id)) END AS item
          FROM (SELECT t.*, row_number() OVER (ORDER BY \(raw: descending)) AS number
                  FROM (\(part: walked("\(key) AS key", others, examined))) t
                 ORDER BY \(raw: descending) LIMIT \(examined)) near
         WHERE near.fits OR near.number = \(examined)
         ORDER BY \(raw: order.map { "near.\($0) DESC" }.joined(separator: ", ")) LIMIT \(limit)
        """
    }

    /// The rows of each way in order, from which the first ones are taken: PostgreSQL merges them as they are asked for.
    private func walked(_ columns: String, _ tried: [PostgresQuery], _ limit: Int) -> PostgresQuery {
        let ways = ways.isEmpty ? ["true"] : ways
        let fits: PostgresQuery = tried.isEmpty ? "true" : "(\(part: joined(tried))) IS TRUE"
        let walks = ways.map { way -> PostgresQuery in
            """
            (SELECT \(raw: order.map { "t.\($0)" }.joined(separator: ", ")), \(raw: columns), \(part: fits) AS fits
               FROM \(raw: table) t WHERE \(part: joined(bounds + [start, way].compactMap(\.self)))
              ORDER BY \(raw: descending) LIMIT \(limit))
            """
        }
        return walks.dropFirst().reduce(walks[0]) { "\(part: $0) UNION ALL \(part: $1)" }
    }

    private var descending: String { order.map { "t.\($0) DESC" }.joined(separator: ", ") }

    /// All of them must hold.
    private func joined(_ conditions: [PostgresQuery]) -> PostgresQuery {
        conditions.dropFirst().reduce(conditions[0]) { "\(part: $0) AND \(part: $1)" }
    }
}
