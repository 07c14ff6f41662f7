import Base
import Client
import Testing
import Workflow

@Suite("Task fold")
struct TaskFoldTests {
    private func fold(_ events: [(name: String, id: String?, data: JSON)], from state: JSON = Samples.state()) throws -> TaskFold {
        var fold = try TaskFold(state: state)
        for event in events { try fold.apply(eventName: event.name, id: event.id, dataJSON: event.data.text) }
        return fold
    }

    private func event(_ key: String, _ row: JSON) -> JSON {
        .object(["task_id": .string(Samples.taskID), key: row])
    }

    @Test("A state folded with nothing is itself")
    func identity() throws {
        #expect(try TaskFold(state: Samples.state()).state == Samples.state())
        #expect(TaskFold().state == nil)
    }

    @Test("A task's row shows at the top too")
    func task() throws {
        let row = Samples.task(status: "completed", phase: "rank", progress: 1, version: 2)
        let state = try fold([("task_updated", "k.11", event("task", row))]).state
        #expect(state?["cursor"] == "k.11")
        #expect(state?["status"] == "completed")
        #expect(state?["phase"] == "rank")
        #expect(state?["progress"]?.double == 1)
        #expect(state?["task"] == row)
    }

    @Test("A phase's event changes the phase, and leaves the task to the task's own")
    func phase() throws {
        var data = event("phase", Samples.phase("write", ordinal: 0, status: "completed"))
        data["task"] = ["status": "paused", "phase": "other"]
        let state = try fold([("phase_changed", "k.11", data)]).state
        #expect(state?["phases"]?[0]?["status"] == "completed")
        #expect(state?["task"] == Samples.task())
        #expect(state?["status"] == "running")
    }

    @Test("A queue adds its steps, in order of their sequence")
    func queue() throws {
        let data: JSON = [
            "task_id": .string(Samples.taskID), "phase_id": "p-edit",
            "steps": [Samples.step("s4", sequence: 4), Samples.step("s3", sequence: 3), Samples.step("s1", sequence: 1, status: "running")],
        ]
        let state = try fold([("queue_built", "k.11", data)]).state
        #expect(state?["steps"]?.array?.compactMap { $0["id"]?.string } == ["s1", "s2", "s3", "s4"])
        #expect(state?["steps"]?[0]?["status"] == "running")
    }

    @Test("Outputs come by creation, then id; finalists replace theirs")
    func outputs() throws {
        let late = Samples.output("a-late", status: "writing", at: "2026-01-31T12:00:01.000000Z")
        let state = try fold([
            ("output_updated", "k.11", event("output", late)),
            ("output_updated", "k.12", event("output", Samples.output("o0", status: "writing"))),
            (
                "finalists_selected", "k.13",
                ["task_id": .string(Samples.taskID), "outputs": [Samples.output("o2", status: "approved", version: 2)]]
            ),
        ]).state
        #expect(state?["outputs"]?.array?.compactMap { $0["id"]?.string } == ["o0", "o1", "o2", "a-late"])
        #expect(state?["outputs"]?[2]?["status"] == "approved")
    }

    @Test("Rows of the other tables", arguments: [
        ("evaluation_updated", "evaluation", "evaluations"), ("ranking_updated", "ranking", "rankings"),
        ("human_task_updated", "human_task", "human_tasks"), ("step_updated", "step", "steps"),
    ])
    func rows(name: String, member: String, list: String) throws {
        let row: JSON = ["id": "zz", "sequence": 99, "created_at": "2030-01-01T00:00:00.000000Z", "x": 1]
        let state = try fold([(name, "k.11", event(member, row))]).state
        #expect(state?[list]?.array?.last == row)
    }

    @Test("Lists that the state left out stay out")
    func leftOut() throws {
        var narrow = Samples.state()
        narrow["steps"] = nil
        let state = try fold(
            [
                ("step_updated", "k.11", event("step", Samples.step("s1", sequence: 1, status: "running"))),
                ("output_version_added", "k.12", event("output_version", ["id": "v1"])),
            ], from: narrow
        ).state
        #expect(state?["steps"] == nil)
        #expect(state?["output_versions"] == nil)
        var wide = Samples.state()
        wide["output_versions"] = []
        let versions = try fold([("output_version_added", "k.12", event("output_version", ["id": "v1"]))], from: wide).state
        #expect(versions?["output_versions"] == [["id": "v1"]])
        wide["logs"] = []
        let logs = try fold([("log_appended", "k.12", event("log", ["id": "l1"]))], from: wide).state
        #expect(logs?["logs"] == [["id": "l1"]])
    }

    @Test("A doubled event and an older one change nothing", arguments: ["k.10", "k.9", "k.0"])
    func doubled(id: String) throws {
        let row = Samples.task(status: "failed")
        #expect(try fold([("task_updated", id, event("task", row))]).state == Samples.state())
    }

    @Test("Another task's event moves the cursor only")
    func otherTask() throws {
        let data: JSON = ["task_id": "019c0000-0000-7000-8000-00000000ffff", "output": Samples.output("o9", status: "writing")]
        var expected = Samples.state()
        expected["cursor"] = "k.11"
        #expect(try fold([("output_updated", "k.11", data)]).state == expected)
    }

    @Test("Custom and unknown events move the cursor only", arguments: ["custom", "custom.vote", "something_new"])
    func unknown(name: String) throws {
        var expected = Samples.state()
        expected["cursor"] = "k.11"
        #expect(try fold([(name, "k.11", event("data", ["output": 1]))]).state == expected)
    }

    @Test("A reset voids all until the next state, of whatever epoch")
    func reset() throws {
        var fold = try fold([("task_updated", "k.11", event("task", Samples.task(status: "waiting")))])
        let outcome = try fold.apply(eventName: "reset", id: nil, dataJSON: #"{"reason":"epoch","cursor":"m.1"}"#)
        #expect(outcome == .reset(reason: "epoch"))
        #expect(fold.state == nil)
        let later = event("task", Samples.task(version: 5)).text
        #expect(try fold.apply(eventName: "task_updated", id: "m.1", dataJSON: later) == .ignored)
        try fold.apply(eventName: "state", id: "m.2", dataJSON: Samples.state(at: "m.2").text)
        #expect(fold.state == Samples.state(at: "m.2"))
    }

    @Test("A stream from the earliest begins with the task's first event")
    func fromTheFirst() throws {
        var fold = TaskFold()
        let step = event("step", Samples.step("s1", sequence: 1)).text
        #expect(try fold.apply(eventName: "step_updated", id: "k.1", dataJSON: step) == .ignored)
        let first = event("task", Samples.task(status: "pending")).text
        #expect(try fold.apply(eventName: "task_updated", id: "k.2", dataJSON: first) == .changed)
        #expect(try fold.apply(eventName: "step_updated", id: "k.3", dataJSON: step) == .changed)
        #expect(fold.state?["cursor"] == "k.3")
        #expect(fold.state?["status"] == "pending")
        #expect(fold.state?["steps"]?.array?.count == 1)
        #expect(fold.state?["human_tasks"] == [])
        #expect(fold.state?["output_versions"] == nil)
    }

    @Test("The end says how")
    func end() throws {
        var fold = try TaskFold(state: Samples.state())
        #expect(try fold.apply(eventName: "end", id: "k.12", dataJSON: #"{"status":"failed"}"#) == .ended(status: "failed"))
        #expect(fold.cursor == Cursor("k.12"))
    }

    @Test("What cannot be read is an error", arguments: [
        ("task_updated", "k.11", "{"), ("task_updated", "no cursor", "{}"), ("state", "k.11", "{}"),
        ("state", "k.11", #"{"cursor":"k.1"}"#),
    ])
    func malformed(name: String, id: String, data: String) throws {
        var fold = try TaskFold(state: Samples.state())
        let error = #expect(throws: PressroomError.self) { try fold.apply(eventName: name, id: id, dataJSON: data) }
        #expect(error?.code == .invalidResponse)
    }
}
