package import Foundation
import Postgres
import Workflow

/// The whole of a text in progress, as other nodes and `/state` read it.
package struct LiveText: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let outputID: UUID
    package let versionNumber: Int
    package var text: String

    package init(tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, text: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.text = text
    }
}

extension Store {
    /// Writes texts in progress, as far as their steps still run. They are no state, so there is no event.
    package func saveLiveTexts(_ texts: [LiveText]) async throws {
        let rows = JSON.array(
            texts.map { text in
                [
                    "tenant_id": .string(text.tenantID), "task_id": .string(text.taskID.uuidString),
                    "output_id": .string(text.outputID.uuidString), "version_number": .integer(Int64(text.versionNumber)),
                    "text": .string(text.text),
                ]
            })
        _ = try await database.query(
            """
            INSERT INTO pressroom.live_texts (tenant_id, output_id, task_id, version_number, text)
            SELECT r.tenant_id, r.output_id, r.task_id, r.version_number, r.text
              FROM jsonb_to_recordset(\(rows)::jsonb) AS r (tenant_id text, output_id uuid, task_id uuid,
                   version_number integer, text text)
              JOIN pressroom.outputs o ON o.tenant_id = r.tenant_id AND o.id = r.output_id
               AND o.status IN ('writing', 'rewriting') AND o.version_number < r.version_number
            ON CONFLICT (tenant_id, output_id) DO UPDATE
               SET version_number = EXCLUDED.version_number, text = EXCLUDED.text, updated_at = now()
            """)
    }

    /// Removes texts that nobody writes any more (their node was killed).
    package func removeAbandonedLiveTexts() async throws {
        _ = try await database.query(
            """
            DELETE FROM pressroom.live_texts l
             WHERE NOT EXISTS (SELECT FROM pressroom.outputs o WHERE o.tenant_id = l.tenant_id AND o.id = l.output_id
                                  AND o.status IN ('writing', 'rewriting'))
            """)
    }
}
