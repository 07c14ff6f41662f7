package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `outputs`, and may change (the variables).
package struct OutputRow: Sendable, Equatable {
    package let id: UUID
    package let track: String
    package let writer: JSON
    package var status: OutputStatus
    package var editor: JSON?
    package var content: String?
    package var versionNumber: Int
    package var editCycle: Int
    package var editorFeedback: String?
    package var editorApproved: Bool?
    package var initialAvgScore: Double?
    package var initialRank: Int?
    package var isFinalist: Bool
    package var finalTotalScore: Double?
    package var finalRank: Int?
    /// Why the model ended the content; nil before the first version, and where the provider did not say.
    package var finishReason: FinishReason?
    package var usage: JSON
    package var error: JSON?

    package init(track: String, writer: JSON) {
        id = UUIDv7.next()
        self.track = track
        self.writer = writer
        status = .pendingWrite
        versionNumber = 0
        editCycle = 0
        isFinalist = false
        usage = [:]
    }
}

extension OutputRow {
    static let table = Table(
        "outputs", fixed: "id uuid, task_id uuid, track text, writer json",
        changing: """
            status text, editor json, content text, version_number integer, edit_cycle integer, editor_feedback text,
            editor_approved boolean, initial_avg_score double precision, initial_rank integer, is_finalist boolean,
            final_total_score double precision, final_rank integer, finish_reason text, usage json, error json
            """)

    /// What is set of a new output.
    static let added = table.fixed + "status text"

    /// The outputs of some tasks, the oldest first.
    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        """
        SELECT \(raw: table.columns.names) FROM pressroom.outputs
         WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
         ORDER BY task_id, created_at, id\(raw: lock.rawValue)
        """
    }

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        track = try row.decode("track")
        writer = try row.json("writer") ?? [:]
        status = try row.status("status")
        editor = try row.json("editor")
        content = try row.decode("content")
        versionNumber = try row.decode("version_number")
        editCycle = try row.decode("edit_cycle")
        editorFeedback = try row.decode("editor_feedback")
        editorApproved = try row.decode("editor_approved")
        initialAvgScore = try row.decode("initial_avg_score")
        initialRank = try row.decode("initial_rank")
        isFinalist = try row.decode("is_finalist")
        finalTotalScore = try row.decode("final_total_score")
        finalRank = try row.decode("final_rank")
        finishReason = try row.decode("finish_reason", as: String?.self).map(FinishReason.init(rawValue:))
        usage = try row.json("usage") ?? [:]
        error = try row.json("error")
    }

    var json: JSON {
        [
            "id": .string(id.text), "track": .string(track), "writer": writer, "status": .string(status.rawValue),
            "editor": editor ?? .null, "content": content.map(JSON.string) ?? .null,
            "version_number": .integer(Int64(versionNumber)), "edit_cycle": .integer(Int64(editCycle)),
            "editor_feedback": editorFeedback.map(JSON.string) ?? .null,
            "editor_approved": editorApproved.map(JSON.bool) ?? .null,
            "initial_avg_score": initialAvgScore.map(JSON.number) ?? .null,
            "initial_rank": initialRank.map { .integer(Int64($0)) } ?? .null, "is_finalist": .bool(isFinalist),
            "final_total_score": finalTotalScore.map(JSON.number) ?? .null,
            "final_rank": finalRank.map { .integer(Int64($0)) } ?? .null,
            "finish_reason": finishReason.map { .string($0.rawValue) } ?? .null, "usage": usage, "error": error ?? .null,
        ]
    }
}

/// A new row of `output_versions`: a text that an output had, by whom, and the feedback that led to it.
package struct OutputVersionRow: Sendable, Equatable {
    package enum Action: String, Sendable {
        case write, edit, rewrite
        /// A change by hand; triggers add its row.
        case manual
    }

    package let id = UUIDv7.next()
    package let outputID: UUID
    package let versionNumber: Int
    package let action: Action
    package let agent: JSON
    package let content: String
    package let feedback: String?
    package let finishReason: FinishReason?
    package let usage: JSON

    package init(
        outputID: UUID, versionNumber: Int, action: Action, agent: JSON, content: String, feedback: String?,
        finishReason: FinishReason?, usage: JSON
    ) {
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.action = action
        self.agent = agent
        self.content = content
        self.feedback = feedback
        self.finishReason = finishReason
        self.usage = usage
    }

    static let table = Table(
        "output_versions",
        fixed: """
            id uuid, output_id uuid, task_id uuid, version_number integer, action text, agent json, content text,
            feedback text, finish_reason text, usage json
            """)

    var json: JSON {
        [
            "id": .string(id.text), "output_id": .string(outputID.text),
            "version_number": .integer(Int64(versionNumber)), "action": .string(action.rawValue), "agent": agent,
            "content": .string(content), "feedback": feedback.map(JSON.string) ?? .null,
            "finish_reason": finishReason.map { .string($0.rawValue) } ?? .null, "usage": usage,
        ]
    }
}

extension Store {
    /// The outputs of a task, newest first.
    package func outputs(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        try await rows(of: "outputs", "output_json", scope, taskID, page)
    }

    /// The texts of one output; nil when the task has no such output.
    package func outputVersions(
        _ scope: Scope, _ taskID: UUID, outputID: UUID, _ page: PageRequest
    ) async throws -> ListPage? {
        let results = try await database.pipeline(in: scope, [
            """
            SELECT 1 FROM pressroom.outputs
             WHERE tenant_id = \(scope.tenantID) AND id = \(outputID) AND task_id = \(taskID)
            """,
            """
            SELECT pressroom.output_version_json(v) AS item, '0.' || v.version_number AS key
              FROM pressroom.output_versions v
             WHERE v.tenant_id = \(scope.tenantID) AND v.output_id = \(outputID) AND v.task_id = \(taskID)
               AND v.version_number < \(page.pairBelow().1)::bigint
             ORDER BY v.version_number DESC LIMIT \(page.limit + 1)
            """,
        ])
        guard !results[0].isEmpty else { return nil }
        let total = try await total(
            scope, page,
            of: """
                FROM pressroom.output_versions v
                 WHERE v.tenant_id = \(scope.tenantID) AND v.output_id = \(outputID) AND v.task_id = \(taskID)
                """)
        return ListPage(results[1], limit: page.limit, total: total)
    }
}
