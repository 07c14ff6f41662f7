import Base
import Foundation
import Postgres
import Workflow

/// What the tables hold of a story's events; those that retention removes are noted before.
actor Ledger {
    struct Entry: Sendable {
        let position: Int64
        let type: String
        let taskID: UUID
        /// The event as it is to be sent.
        let data: JSON
    }

    private let database: PostgresClient
    private let tenantID: String
    let origin: Cursor
    private var noted: [Entry] = []
    private(set) var isPruned = false

    init(_ database: PostgresClient, tenantID: String) async throws {
        self.database = database
        self.tenantID = tenantID
        // The stories before are past retention.
        let row = try await database.withTransaction { connection in
            _ = try await connection.query(
                "SELECT pressroom.remove_events(\(tenantID), 0, pressroom.retire_events(\(tenantID), clock_timestamp()))")
            return try await connection.query("SELECT epoch, position FROM pressroom.stream_heads WHERE tenant_id = \(tenantID)")
        }[0]
        origin = Cursor(epoch: try row.decode("epoch"), position: try row.decode("position"))
    }

    /// Removes every event that there is.
    func prune() async throws {
        let after = noted.last?.position ?? origin.position
        noted += try await removeAll(after: after)
        isPruned = true
    }

    /// Two writers that wait for each other may have this wait for the head between them: PostgreSQL ends any one of the
    /// three, as it may end the service's own retention, which comes again.
    private func removeAll(after position: Int64) async throws -> [Entry] {
        while true {
            do {
                return try await database.withTransaction { [tenantID] connection in
                    _ = try await connection.query("SELECT FROM pressroom.stream_heads WHERE tenant_id = \(tenantID) FOR UPDATE")
                    let entries = try await Self.entries(tenantID, after: position, connection)
                    _ = try await connection.query(
                        "SELECT pressroom.remove_events(\(tenantID), 0, pressroom.retire_events(\(tenantID), clock_timestamp()))")
                    return entries
                }
            } catch let error as PostgresError where error.sqlState == "40P01" {
                continue
            }
        }
    }

    /// All events of the story; with a gap among them it throws.
    func entries() async throws -> [Entry] {
        let after = noted.last?.position ?? origin.position
        let all = noted + (try await database.withConnection { [tenantID] in try await Self.entries(tenantID, after: after, $0) })
        guard all.map(\.position) == Array((origin.position + 1)..<(origin.position + 1 + Int64(all.count))) else {
            throw Reading.Wrong(description: "the positions in the table have gaps: \(all.map(\.position))")
        }
        return all
    }

    private static func entries(
        _ tenantID: String, after position: Int64, _ connection: PostgresConnection
    ) async throws -> [Entry] {
        try await connection.query(
            """
            SELECT e.position, e.type, e.task_id, e.payload::text AS payload, pressroom.iso(e.created_at) AS at,
                   h.epoch || '.' || e.position AS cursor, t.context::text AS context
              FROM pressroom.events e JOIN pressroom.stream_heads h USING (tenant_id)
              JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE e.tenant_id = \(tenantID) AND e.position > \(position) ORDER BY e.position
            """
        ).map { row in
            var data = try JSON(parsing: row.decode("payload", as: String.self))
            let (type, taskID): (String, UUID) = (try row.decode("type"), try row.decode("task_id"))
            data["type"] = .string(type)
            data["cursor"] = .string(try row.decode("cursor"))
            data["task_id"] = .string(taskID.text)
            data["at"] = .string(try row.decode("at"))
            data["context"] = try JSON(parsing: row.decode("context", as: String.self))
            return Entry(position: try row.decode("position"), type: type, taskID: taskID, data: data)
        }
    }
}
