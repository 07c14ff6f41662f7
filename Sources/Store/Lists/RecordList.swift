import Base
import Foundation
import Postgres

/// A list of the rows of one table over all tasks, newest first, by their ids: these begin with the time at which they were
/// made (RFC 9562, section 5.7).
///
/// Its page examines a bounded number of rows, whatever its filters match (`ListWalk`).
struct RecordList {
    private let table: String
    private let item: String
    private let tenantID: String
    private let request: PageRequest
    private var bounds: [PostgresQuery]
    private var ways: [PostgresQuery] = []
    private var others: [PostgresQuery] = []

    /// - Parameter item: SQL of the JSON of a row that is called `t`.
    init(table: String, item: String, _ scope: Scope, _ request: PageRequest) {
        self.table = table
        self.item = item
        self.request = request
        tenantID = scope.tenantID
        bounds = ["t.tenant_id = \(scope.tenantID)"]
    }

    /// A condition that is tried on each row.
    mutating func add(_ condition: PostgresQuery) {
        others.append(condition)
    }

    /// A condition that has an index with its rows in order.
    mutating func addWay(_ condition: PostgresQuery) {
        if ways.isEmpty { ways = [condition] } else { others.append(condition) }
    }

    /// Only the rows of a task, found by an index that begins with it.
    mutating func add(task taskID: UUID?) {
        if let taskID { bounds.append("t.task_id = \(taskID)") }
    }

    /// Only the rows of a step, found by its task.
    mutating func add(step stepID: UUID?) {
        guard let stepID else { return }
        bounds.append(
            """
            t.task_id = (SELECT s.task_id FROM pressroom.steps s WHERE s.tenant_id = \(tenantID) AND s.id = \(stepID))
             AND t.step_id = \(stepID)
            """)
    }

    /// Only rows whose time in a column is not before `since`. A row is made at most `slack` before that time.
    mutating func add(since: String?, column: String, slack: String = "1 hour") {
        guard let since else { return }
        bounds.append(
            """
            t.id >= (lpad(to_hex(greatest(0, extract(epoch FROM \(since)::timestamptz - '\(raw: slack)'::interval) * 1000)::bigint), 12, '0')
                     || '00000000000000000000')::uuid
            """)
        others.append("t.\(raw: column) >= \(since)::timestamptz")
    }

    func page(examined: Int, _ database: PostgresClient) async throws -> ListPage {
        let walk = ListWalk(
            table: "pressroom.\(table)", id: "id", order: ["id"], item: item, key: "t.id::text", tenantID: tenantID,
            bounds: bounds, start: "t.id < \(try request.idBelow())", ways: ways, others: others)
        return try await walk.page(request, examined: examined, database)
    }
}
