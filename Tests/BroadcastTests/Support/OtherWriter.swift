import Base
import Foundation
import Postgres
import Store
import Workflow

/// A processor elsewhere that writes one output, or the reasons of a judge, as far as the tables show it.
struct OtherWriter {
    let node: HubFixture
    let taskID: UUID
    let outputID = UUID()
    let stepID = UUID()
    let writesDraft: Bool
    private var processorID = UUID()
    private(set) var attempt = 0
    private(set) var text = ""

    init(_ node: HubFixture, _ taskID: UUID, writesDraft: Bool = true) async throws {
        self.node = node
        self.taskID = taskID
        self.writesDraft = writesDraft
        let (output, step, kind) = (outputID, stepID, writesDraft ? "write" : "evaluate")
        _ = try await node.store.write(HubFixture.scope) { connection in
            try await connection.pipeline([
                """
                INSERT INTO pressroom.outputs (tenant_id, id, task_id, track)
                VALUES (\(HubFixture.tenantID), \(output), \(taskID), \(output.text))
                """,
                """
                INSERT INTO pressroom.steps (tenant_id, id, task_id, phase_id, output_id, kind, sequence)
                VALUES (\(HubFixture.tenantID), \(step), \(taskID), \(step), \(output), \(kind), 1)
                """,
            ])
        }
        try await begin()
    }

    var run: TextRun { TextRun(stepID: stepID, attempt: attempt) }
    var subject: TextSubject { writesDraft ? .draft(outputID, version: 1) : .answer(of: run) }

    /// Some processor claims the step; what an earlier attempt has written is void.
    mutating func begin() async throws {
        let isFirst = attempt == 0
        attempt += 1
        text = ""
        processorID = UUID()
        let (output, step, attempt, processor) = (outputID, stepID, attempt, processorID)
        let (text, isDraft) = (subject.id, writesDraft)
        _ = try await node.store.write(HubFixture.scope) { connection in
            if !isFirst {
                _ = try await connection.pipeline([
                    "UPDATE pressroom.outputs SET status = 'pending_write' WHERE id = \(output) AND \(isDraft)",
                    "UPDATE pressroom.steps SET status = 'pending' WHERE id = \(step)",
                    "DELETE FROM pressroom.live_texts WHERE text_id = \(text)",
                ])
            }
            return try await connection.pipeline([
                "UPDATE pressroom.outputs SET status = 'writing' WHERE id = \(output) AND \(isDraft)",
                """
                UPDATE pressroom.steps SET status = 'running', attempt = \(attempt), processor_id = \(processor)
                 WHERE id = \(step)
                """,
            ])
        }
    }

    mutating func save(_ piece: String) async throws {
        text += piece
        try await node.store.saveLiveTexts(
            [
                LiveText(tenantID: HubFixture.tenantID, taskID: taskID, subject: subject, run: run, text: text)
            ], processorID: processorID)
    }

    /// The text becomes a row.
    /// - Parameter leavesText: the text in progress was being saved at this moment, and so it is still there.
    func finish(leavesText: Bool = false) async throws {
        // No draft is empty.
        let (output, step, text) = (outputID, stepID, text.isEmpty ? "written" : text)
        let (textID, isDraft) = (subject.id, writesDraft)
        _ = try await node.store.write(HubFixture.scope) { connection in
            if !leavesText { _ = try await connection.query("DELETE FROM pressroom.live_texts WHERE text_id = \(textID)") }
            return try await connection.pipeline([
                """
                UPDATE pressroom.outputs SET status = 'approved', content = \(text), version_number = 1
                 WHERE id = \(output) AND \(isDraft)
                """,
                "UPDATE pressroom.steps SET status = 'completed' WHERE id = \(step)",
            ])
        }
    }
}
