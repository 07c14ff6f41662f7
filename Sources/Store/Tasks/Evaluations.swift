package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `evaluations`, and may change (the variables).
package struct EvaluationRow: Sendable, Equatable {
    package let id: UUID
    package let phaseID: UUID
    package let stepID: UUID
    package let outputID: UUID
    package let stage: Stage
    package let evaluator: JSON
    package var status: EvaluationStatus
    package var score: Double?
    package var criteriaScores: JSON?
    package var reasoning: String?
    package var rank: Int?
    package var weightedScore: Double?
    package var usage: JSON
    package var error: JSON?

    package init(phaseID: UUID, stepID: UUID, outputID: UUID, stage: Stage, evaluator: JSON) {
        id = UUIDv7.next()
        self.phaseID = phaseID
        self.stepID = stepID
        self.outputID = outputID
        self.stage = stage
        self.evaluator = evaluator
        status = .pending
        usage = [:]
    }
}

extension EvaluationRow {
    static let table = Table(
        "evaluations",
        fixed: """
            id uuid, task_id uuid, phase_id uuid, step_id uuid, output_id uuid, stage text, evaluator json
            """,
        changing: """
            status text, score double precision, criteria_scores json, reasoning text, rank integer,
            weighted_score double precision, usage json, error json
            """)

    /// What is set of a new evaluation.
    static let added = table.fixed + "status text"

    /// The evaluations of some tasks, the oldest first.
    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        """
        SELECT \(raw: table.columns.names) FROM pressroom.evaluations
         WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
         ORDER BY task_id, created_at, id\(raw: lock.rawValue)
        """
    }

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        phaseID = try row.decode("phase_id")
        stepID = try row.decode("step_id")
        outputID = try row.decode("output_id")
        let stageText = try row.decode("stage", as: String.self)
        guard let stage = Stage(rawValue: stageText) else { throw StoreError(.invalid, "unknown stage \(stageText)") }
        self.stage = stage
        evaluator = try row.json("evaluator") ?? [:]
        status = try row.status("status")
        score = try row.decode("score")
        criteriaScores = try row.json("criteria_scores")
        reasoning = try row.decode("reasoning")
        rank = try row.decode("rank")
        weightedScore = try row.decode("weighted_score")
        usage = try row.json("usage") ?? [:]
        error = try row.json("error")
    }

    var json: JSON {
        [
            "id": .string(id.text), "phase_id": .string(phaseID.text), "step_id": .string(stepID.text),
            "output_id": .string(outputID.text), "stage": .string(stage.rawValue), "evaluator": evaluator,
            "status": .string(status.rawValue), "score": score.map(JSON.number) ?? .null,
            "criteria_scores": criteriaScores ?? .null, "reasoning": reasoning.map(JSON.string) ?? .null,
            "rank": rank.map { .integer(Int64($0)) } ?? .null, "weighted_score": weightedScore.map(JSON.number) ?? .null,
            "usage": usage, "error": error ?? .null,
        ]
    }
}

extension Store {
    /// The evaluations of a task, newest first.
    package func evaluations(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        try await rows(of: "evaluations", "evaluation_json", scope, taskID, page)
    }
}
