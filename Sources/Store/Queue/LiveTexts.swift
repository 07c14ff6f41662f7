package import Foundation
import Postgres
package import Workflow

/// The whole of a text in progress, as other nodes and `/state` read it.
package struct LiveText: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let outputID: UUID
    package let versionNumber: Int
    package let run: TextRun
    package var text: String

    package init(tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, run: TextRun, text: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.run = run
        self.text = text
    }
}

extension Store {
    /// Writes texts in progress, as far as the processor's runs still hold their steps. They are no state, so there is
    /// no event.
    package func saveLiveTexts(_ texts: [LiveText], processorID: UUID) async throws {
        let rows = JSON.array(
            texts.map { text in
                [
                    "tenant_id": .string(text.tenantID), "task_id": .string(text.taskID.text),
                    "output_id": .string(text.outputID.text), "version_number": .integer(Int64(text.versionNumber)),
                    "step_id": .string(text.run.stepID.text), "attempt": .integer(Int64(text.run.attempt)),
                    "text": .string(text.text),
                ]
            })
        _ = try await database.query(
            """
            INSERT INTO pressroom.live_texts (tenant_id, output_id, task_id, version_number, step_id, attempt,
                                              processor_id, text)
            SELECT r.tenant_id, r.output_id, r.task_id, r.version_number, r.step_id, r.attempt, s.processor_id, r.text
              FROM jsonb_to_recordset(\(rows)::jsonb) AS r (tenant_id text, output_id uuid, task_id uuid,
                   version_number integer, step_id uuid, attempt integer, text text)
              JOIN pressroom.steps s ON s.tenant_id = r.tenant_id AND s.id = r.step_id AND s.attempt = r.attempt
               AND s.status = 'running' AND s.processor_id = \(processorID)
              JOIN pressroom.outputs o ON o.tenant_id = r.tenant_id AND o.id = r.output_id
               AND o.status IN ('writing', 'rewriting') AND o.version_number < r.version_number
            ON CONFLICT (tenant_id, output_id) DO UPDATE
               SET version_number = EXCLUDED.version_number, step_id = EXCLUDED.step_id, attempt = EXCLUDED.attempt,
                   processor_id = EXCLUDED.processor_id, text = EXCLUDED.text, updated_at = now()
            """)
    }

    /// Removes texts that nobody writes any more (their node was killed).
    package func removeAbandonedLiveTexts() async throws {
        _ = try await database.query(
            """
            DELETE FROM pressroom.live_texts l
             WHERE NOT EXISTS (SELECT FROM pressroom.steps s
                                WHERE s.tenant_id = l.tenant_id AND s.id = l.step_id AND s.attempt = l.attempt
                                  AND s.status = 'running' AND s.processor_id = l.processor_id)
                OR NOT EXISTS (SELECT FROM pressroom.outputs o WHERE o.tenant_id = l.tenant_id AND o.id = l.output_id
                                  AND o.status IN ('writing', 'rewriting'))
            """)
    }
}
