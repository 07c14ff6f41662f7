package import Base
import Foundation
import Postgres

extension Store {
    /// The nodes with their heartbeats and how many steps they run, the oldest first: `running` of the tenant, `others` of all
    /// other tenants together.
    package func processors(_ scope: Scope) async throws -> [JSON] {
        let nodes = try await database.query(
            """
            SELECT p.id, split_part(p.host, ' ', 1) AS host, p.pid, p.version, pressroom.iso(p.started_at) AS started_at,
                   pressroom.iso(p.heartbeat_at) AS heartbeat_at,
                   (SELECT count(*) FROM pressroom.tenants t JOIN pressroom.steps s ON s.tenant_id = t.tenant_id
                     WHERE s.status = 'running' AND s.processor_id = p.id) AS running
              FROM pressroom.processors p ORDER BY p.started_at, p.id
            """)
        let own = try await database.query(
            """
            SELECT processor_id, count(*) AS running FROM pressroom.steps
             WHERE tenant_id = \(scope.tenantID) AND status = 'running' AND processor_id IS NOT NULL GROUP BY processor_id
            """
        ).reduce(into: [UUID: Int]()) { $0[try $1.decode("processor_id")] = try $1.decode("running") }
        return try nodes.map { row in
            let id: UUID = try row.decode("id")
            let running = own[id] ?? 0
            // The two were counted one after the other.
            let others = max(0, try row.decode("running", as: Int.self) - running)
            return [
                "id": .string(id.text), "host": .string(try row.decode("host")), "pid": .integer(try row.decode("pid")),
                "version": try row.decode("version", as: String?.self).map(JSON.string) ?? .null,
                "started_at": .string(try row.decode("started_at")), "heartbeat_at": .string(try row.decode("heartbeat_at")),
                "running": .integer(Int64(running)), "others": .integer(Int64(others)),
            ]
        }
    }
}
