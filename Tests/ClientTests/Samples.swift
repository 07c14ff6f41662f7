import Base
import Workflow

/// Rows and states as the service sends them, with what the tests look at.
enum Samples {
    static let taskID = "019c0000-0000-7000-8000-000000000001"

    static func task(status: String = "running", phase: String = "write", progress: Int = 0, version: Int = 1) -> JSON {
        [
            "task_id": .string(taskID), "status": .string(status), "phase": .string(phase), "progress": .integer(Int64(progress)),
            "version": .integer(Int64(version)),
        ]
    }

    static func state(at cursor: String = "k.10") -> JSON {
        [
            "cursor": .string(cursor), "status": "running", "phase": "write", "progress": 0, "task": task(),
            "phases": [phase("write", ordinal: 0, status: "running"), phase("edit", ordinal: 1, status: "pending")],
            "steps": [step("s1", sequence: 1), step("s2", sequence: 2)],
            "outputs": [output("o1", status: "writing"), output("o2", status: "writing")],
            "evaluations": [], "rankings": [], "human_tasks": [], "live": [],
        ]
    }

    static func phase(_ key: String, ordinal: Int, status: String) -> JSON {
        ["id": .string("p-\(key)"), "key": .string(key), "ordinal": .integer(Int64(ordinal)), "status": .string(status)]
    }

    static func step(_ id: String, sequence: Int, status: String = "pending") -> JSON {
        ["id": .string(id), "sequence": .integer(Int64(sequence)), "status": .string(status)]
    }

    static func output(_ id: String, status: String, version: Int = 0, at: String = "2026-01-31T12:00:00.000000Z") -> JSON {
        [
            "id": .string(id), "status": .string(status), "version_number": .integer(Int64(version)), "created_at": .string(at),
        ]
    }

    static func delta(_ text: String, offset: Int, output: String = "o1", version: Int = 1) -> JSON {
        [
            "task_id": .string(taskID), "output_id": .string(output), "version_number": .integer(Int64(version)),
            "offset": .integer(Int64(offset)), "text": .string(text),
        ]
    }
}
