package import Base
package import Foundation
import Postgres
package import Workflow

/// A new row of `rankings`, or a new computation of the one that the phase has.
package struct RankingRow: Sendable, Equatable {
    package let id = UUIDv7.next()
    package let phaseID: UUID
    package let stage: Stage
    package let method: String
    package let entries: JSON
    package let agreement: Double?
    package let evaluationsCounted: Int
    package let evaluationsFailed: Int

    package init(
        phaseID: UUID, stage: Stage, method: String, entries: JSON, agreement: Double?, evaluationsCounted: Int,
        evaluationsFailed: Int
    ) {
        self.phaseID = phaseID
        self.stage = stage
        self.method = method
        self.entries = entries
        self.agreement = agreement
        self.evaluationsCounted = evaluationsCounted
        self.evaluationsFailed = evaluationsFailed
    }

    static let table = Table(
        "rankings",
        fixed: "id uuid, task_id uuid, phase_id uuid, stage text, method text",
        changing: "entries json, agreement double precision, evaluations_counted integer, evaluations_failed integer")

    /// Adds rankings, or takes their numbers into those that their phases have.
    static func upsert(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        \(part: table.insert(rows, tenant))
        ON CONFLICT (tenant_id, phase_id) DO UPDATE SET \(raw: table.changing.replacements)
        """
    }

    var json: JSON {
        [
            "id": .string(id.text), "phase_id": .string(phaseID.text), "stage": .string(stage.rawValue),
            "method": .string(method), "entries": entries, "agreement": agreement.map(JSON.number) ?? .null,
            "evaluations_counted": .integer(Int64(evaluationsCounted)),
            "evaluations_failed": .integer(Int64(evaluationsFailed)),
        ]
    }
}

extension Store {
    /// The rankings of a task, newest first.
    package func rankings(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        try await rows(of: "rankings", "ranking_json", scope, taskID, page)
    }
}

extension TaskGraph.Finalists {
    /// Appends the event that the phase has chosen them, with their rows.
    func appendEvent(_ taskID: UUID, _ tenant: String) -> PostgresQuery {
        """
        SELECT pressroom.append_events(\(tenant), ARRAY[ROW(\(taskID)::uuid, '\(raw: EventType.finalistsSelected.rawValue)', json_build_object(
                   'phase_id', \(phaseID)::uuid,
                   'outputs', coalesce(json_agg(pressroom.output_json(o) ORDER BY o.initial_rank, o.id), '[]')))
                   ::pressroom.change])
          FROM pressroom.outputs o
         WHERE o.tenant_id = \(tenant) AND o.id = ANY(\(outputIDs)::uuid[])
        """
    }
}
