package import Foundation
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

    var json: JSON {
        [
            "id": .string(id.uuidString), "phase_id": .string(phaseID.uuidString), "stage": .string(stage.rawValue),
            "method": .string(method), "entries": entries, "agreement": agreement.map(JSON.number) ?? .null,
            "evaluations_counted": .integer(Int64(evaluationsCounted)),
            "evaluations_failed": .integer(Int64(evaluationsFailed)),
        ]
    }
}
