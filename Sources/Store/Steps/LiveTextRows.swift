import Base
package import Foundation
import Postgres
package import Workflow

/// The whole of a text in progress, as other nodes and `/state` read it.
package struct LiveText: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let subject: TextSubject
    package let run: TextRun
    package var text: String

    package init(tenantID: String, taskID: UUID, subject: TextSubject, run: TextRun, text: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.subject = subject
        self.run = run
        self.text = text
    }

    private static let table = Table(
        "live_texts", key: "text_id", fixed: "output_id uuid, task_id uuid",
        changing: "version_number integer, step_id uuid, attempt integer, text text")

    fileprivate var json: JSON {
        var members: JSONObject = [
            "tenant_id": .string(tenantID), "task_id": .string(taskID.text), "step_id": .string(run.stepID.text),
            "attempt": .integer(Int64(run.attempt)), "text": .string(text),
        ]
        if subject.owner == .output {
            members["output_id"] = .string(subject.id.text)
            members["version_number"] = .integer(Int64(subject.number))
        }
        return .object(members)
    }

    /// Adds texts, or replaces those of the same outputs and steps, as far as the processor's runs still hold their steps.
    fileprivate static func upsert(_ texts: [LiveText], processorID: UUID) -> PostgresQuery {
        let (columns, records) = (table.columns, JSON.array(texts.map(\.json)))
        return """
            INSERT INTO pressroom.live_texts (tenant_id, \(raw: columns.names), processor_id)
            SELECT r.tenant_id, \(raw: columns.values), s.processor_id
              FROM json_to_recordset(\(records)::json) AS r (tenant_id text, \(raw: columns.definitions))
              JOIN pressroom.steps s ON s.tenant_id = r.tenant_id AND s.id = r.step_id AND s.attempt = r.attempt
               AND s.status = 'running' AND s.processor_id = \(processorID)
              LEFT JOIN pressroom.outputs o ON o.tenant_id = r.tenant_id AND o.id = r.output_id
               AND o.status IN ('writing', 'rewriting') AND o.version_number < r.version_number
             WHERE r.output_id IS NULL OR o.id IS NOT NULL
            ON CONFLICT (tenant_id, text_id) DO UPDATE
               SET \(raw: table.changing.replacements), processor_id = EXCLUDED.processor_id, updated_at = now()
            """
    }

    /// Removes the texts of outputs that are complete, and of steps that have ended. One that is being saved at this moment is
    /// left to the next sweep: no transaction waits for a row while it holds the tenant's head.
    static func delete(of textIDs: [UUID], _ tenant: String) -> PostgresQuery {
        """
        DELETE FROM pressroom.live_texts WHERE tenant_id = \(tenant) AND text_id IN (
            SELECT text_id FROM pressroom.live_texts
             WHERE tenant_id = \(tenant) AND text_id = ANY(\(textIDs)::uuid[])
               FOR UPDATE SKIP LOCKED)
        """
    }
}

extension Store {
    /// Writes texts in progress, as far as the processor's runs still hold their steps. They are no state and make no
    /// event.
    package func saveLiveTexts(_ texts: [LiveText], processorID: UUID) async throws {
        _ = try await query(.liveTexts, LiveText.upsert(texts, processorID: processorID))
    }

    /// Removes texts whose writing has ended without a result (their node was killed).
    package func removeAbandonedLiveTexts() async throws {
        _ = try await query(
            .liveTexts,
            """
            DELETE FROM pressroom.live_texts l
             WHERE NOT EXISTS (SELECT FROM pressroom.steps s
                                WHERE s.tenant_id = l.tenant_id AND s.id = l.step_id AND s.attempt = l.attempt
                                  AND s.status = 'running' AND s.processor_id = l.processor_id)
                OR l.output_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM pressroom.outputs o WHERE o.tenant_id = l.tenant_id AND o.id = l.output_id
                                      AND o.status IN ('writing', 'rewriting'))
            """)
    }
}

/// How much of another node's text this one has read.
package struct ReadText: Sendable, Equatable {
    package let tenantID: String
    package let taskID: UUID
    package let subject: TextSubject
    package let run: TextRun
    /// In UTF-8.
    package private(set) var bytes = 0
    /// Unicode scalars: what PostgreSQL counts as characters.
    package private(set) var characters = 0
    /// UTF-16 units: what `offset` of a delta counts.
    package private(set) var units = 0

    package init(tenantID: String, taskID: UUID, subject: TextSubject, run: TextRun) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.subject = subject
        self.run = run
    }

    package var key: TenantKey { TenantKey(tenantID, subject.id) }

    package mutating func append(_ piece: String) {
        bytes += piece.utf8.count
        characters += piece.unicodeScalars.count
        units += piece.utf16.count
    }
}

/// What has changed among the texts in progress of other nodes, and the heads of the logs in the same snapshot.
package struct LiveTextNews: Sendable {
    package enum Change: Sendable {
        /// What follows `characters` of a run's text, or the beginning of a run that was not known.
        case piece(ReadText, String)
        case ended(tenantID: String, textID: UUID)
    }

    package let heads: [LogHead]
    package let changes: [Change]
    /// Whether another look finds more at once.
    package let isCut: Bool
}

extension Store {
    /// Looks once at the texts that other processors than this one write for these tenants.
    ///
    /// - Parameters:
    ///   - known: what has been read of them so far; at most the rest of each comes back.
    ///   - count: how many changes at most; one piece has at most `pieceLimit` characters.
    package func liveTextNews(
        tenantIDs: [String], notOf processorID: UUID, known: [ReadText], count: Int = 64, pieceLimit: Int = 65_536
    ) async throws -> LiveTextNews {
        let rows = try await query(
            .liveTexts,
            """
            WITH known AS (
                SELECT * FROM json_to_recordset(\(Self.json(known))::json) AS k (tenant_id text, text_id uuid,
                       step_id uuid, attempt integer, bytes integer, characters integer)
            ), live AS (
                -- A row that is left from a run that has ended is none.
                SELECT l.*, octet_length(l.text) AS bytes
                  FROM pressroom.live_texts l
                  JOIN pressroom.steps s ON s.tenant_id = l.tenant_id AND s.id = l.step_id AND s.attempt = l.attempt
                   AND s.status = 'running' AND s.processor_id = l.processor_id
                 WHERE l.tenant_id = ANY(\(tenantIDs)::text[]) AND l.processor_id <> \(processorID)
            ), news AS (
                -- A run writes one text.
                SELECT coalesce(l.tenant_id, k.tenant_id) AS tenant_id, coalesce(l.text_id, k.text_id) AS text_id,
                       l.task_id, l.output_id, l.version_number, l.step_id, l.attempt, l.text,
                       CASE WHEN (l.step_id, l.attempt) = (k.step_id, k.attempt) AND l.bytes >= k.bytes
                            THEN k.characters ELSE 0 END AS start
                  FROM live l FULL JOIN known k ON k.tenant_id = l.tenant_id AND k.text_id = l.text_id
                 WHERE l.text_id IS NULL OR k.text_id IS NULL
                    OR (l.step_id, l.attempt, l.bytes) <> (k.step_id, k.attempt, k.bytes)
                 LIMIT \(count)
            )
            SELECT \(raw: LogHead.columns), n.text_id, n.task_id, n.output_id, n.version_number,
                   n.step_id, n.attempt, n.start, substr(n.text, n.start + 1, \(pieceLimit)) AS piece
              FROM pressroom.stream_heads h LEFT JOIN news n ON n.tenant_id = h.tenant_id
             WHERE h.tenant_id = ANY(\(tenantIDs)::text[])
            """)
        let knownByKey = Dictionary(known.map { ($0.key, $0) }) { first, _ in first }
        var heads: [String: LogHead] = [:]
        var changes: [LiveTextNews.Change] = []
        var isCut = false
        for row in rows {
            let head = try LogHead(row)
            heads[head.tenantID] = head
            guard let textID = try row.decode("text_id", as: UUID?.self) else { continue }
            guard let taskID = try row.decode("task_id", as: UUID?.self) else {
                changes.append(.ended(tenantID: head.tenantID, textID: textID))
                continue
            }
            let run = TextRun(stepID: try row.decode("step_id"), attempt: try row.decode("attempt"))
            let outputID = try row.decode("output_id", as: UUID?.self)
            let subject: TextSubject =
                if let outputID { .draft(outputID, version: try row.decode("version_number")) } else { .answer(of: run) }
            var text = ReadText(tenantID: head.tenantID, taskID: taskID, subject: subject, run: run)
            if try row.decode("start", as: Int.self) > 0, let known = knownByKey[text.key] { text = known }
            let piece = try row.decode("piece", as: String.self)
            if piece.unicodeScalars.count == pieceLimit { isCut = true }
            changes.append(.piece(text, piece))
        }
        return LiveTextNews(heads: Array(heads.values), changes: changes, isCut: isCut || changes.count == count)
    }

    private static func json(_ known: [ReadText]) -> JSON {
        .array(
            known.map { text in
                [
                    "tenant_id": .string(text.tenantID), "text_id": .string(text.subject.id.text),
                    "step_id": .string(text.run.stepID.text), "attempt": .integer(Int64(text.run.attempt)),
                    "bytes": .integer(Int64(text.bytes)), "characters": .integer(Int64(text.characters)),
                ]
            })
    }
}
