import Base
import Client
import Testing
import Workflow

@Suite("Live text in a fold")
struct LiveTextFoldTests {
    private var fold: TaskFold

    init() throws {
        fold = try TaskFold(state: Samples.state())
    }

    private mutating func apply(_ delta: JSON) throws -> TaskFold.Outcome {
        try fold.apply(eventName: "output_delta", id: nil, dataJSON: delta.text)
    }

    private func text(_ output: String = "o1") -> String? {
        fold.state?["live"]?.array?.first { $0["output_id"]?.string == output }?["text"]?.string
    }

    @Test("Offset 0 replaces, the end appends, anything else is ignored")
    mutating func rule() throws {
        #expect(try apply(Samples.delta("Once ", offset: 0)) == .changed)
        #expect(try apply(Samples.delta("upon", offset: 5)) == .changed)
        #expect(text() == "Once upon")
        #expect(try apply(Samples.delta("late", offset: 20)) == .ignored)
        #expect(try apply(Samples.delta("upon", offset: 5)) == .ignored)
        #expect(text() == "Once upon")
        #expect(try apply(Samples.delta("Again", offset: 0)) == .changed)
        #expect(text() == "Again")
    }

    @Test("Offsets count UTF-16 units")
    mutating func units() throws {
        _ = try apply(Samples.delta("é🐈‍⬛日", offset: 0))
        let units = "é🐈‍⬛日".utf16.count
        #expect(try apply(Samples.delta("!", offset: units - 1)) == .ignored)
        #expect(try apply(Samples.delta("!", offset: units)) == .changed)
        // A combining mark in its own piece joins the letter before it.
        #expect(try apply(Samples.delta("e", offset: units + 1)) == .changed)
        #expect(try apply(Samples.delta("\u{301}", offset: units + 2)) == .changed)
        #expect(try apply(Samples.delta(".", offset: units + 3)) == .changed)
        #expect(text() == "é🐈‍⬛日!e\u{301}.")
    }

    @Test("Texts of two outputs, and of two versions, do not mix")
    mutating func apart() throws {
        _ = try apply(Samples.delta("one", offset: 0))
        _ = try apply(Samples.delta("two", offset: 0, output: "o2"))
        #expect(try apply(Samples.delta("!", offset: 3, version: 2)) == .ignored)
        #expect(text("o1") == "one")
        #expect(text("o2") == "two")
        _ = try apply(Samples.delta("new", offset: 0, version: 2))
        #expect(text("o1") == "new")
    }

    @Test("Live text never touches cursor or rows")
    mutating func beside() throws {
        _ = try apply(Samples.delta("one", offset: 0))
        var state = fold.state
        state?["live"] = []
        #expect(state == Samples.state())
    }

    @Test("The row ends its text; a text that goes on stays")
    mutating func settles() throws {
        _ = try apply(Samples.delta("one", offset: 0))
        _ = try apply(Samples.delta("two", offset: 0, output: "o2"))
        func update(_ row: JSON) -> String { JSON.object(["task_id": .string(Samples.taskID), "output": row]).text }
        try fold.apply(eventName: "output_updated", id: "k.11", dataJSON: update(Samples.output("o1", status: "pending_edit", version: 1)))
        try fold.apply(eventName: "output_updated", id: "k.12", dataJSON: update(Samples.output("o2", status: "writing")))
        #expect(text("o1") == nil)
        #expect(text("o2") == "two")
    }

    @Test("A text that the state holds is continued")
    mutating func restored() throws {
        var state = Samples.state()
        state["live"] = [["output_id": "o1", "version_number": 1, "text": "Onc"]]
        fold = try TaskFold(state: state)
        #expect(try apply(Samples.delta("e", offset: 3)) == .changed)
        #expect(text() == "Once")
    }

    @Test("A delta without its parts is ignored", arguments: ["{}", #"{"output_id":"o1","offset":0}"#, #"{"text":"a","offset":0}"#])
    mutating func incomplete(data: String) throws {
        #expect(try fold.apply(eventName: "output_delta", id: nil, dataJSON: data) == .ignored)
    }

    private static func answer(_ text: String, offset: Int, attempt: Int = 1) -> JSON {
        [
            "task_id": .string(Samples.taskID), "step_id": "s1", "attempt": .integer(Int64(attempt)),
            "offset": .integer(Int64(offset)), "text": .string(text),
        ]
    }

    private mutating func applyAnswer(_ text: String, offset: Int, attempt: Int = 1) throws -> TaskFold.Outcome {
        try fold.apply(eventName: "step_delta", id: nil, dataJSON: Self.answer(text, offset: offset, attempt: attempt).text)
    }

    private mutating func step(_ status: String, attempt: Int, id: String) throws {
        var row = Samples.step("s1", sequence: 1, status: status)
        row["attempt"] = .integer(Int64(attempt))
        let data: JSON = ["task_id": .string(Samples.taskID), "step": row]
        try fold.apply(eventName: "step_updated", id: id, dataJSON: data.text)
    }

    private var answers: [JSON] { (fold.state?["live"]?.array ?? []).filter { $0["step_id"] != nil } }

    @Test("A step's text is beside the drafts, and ends with its attempt")
    mutating func steps() throws {
        _ = try apply(Samples.delta("draft", offset: 0))
        // The text may be faster than the event that its attempt has begun.
        #expect(try applyAnswer("why", offset: 0) == .changed)
        try step("running", attempt: 1, id: "k.11")
        #expect(try applyAnswer(" not", offset: 3) == .changed)
        #expect(try applyAnswer("?", offset: 3) == .ignored)
        #expect(answers == [["step_id": "s1", "attempt": 1, "text": "why not"]])
        try step("retrying", attempt: 1, id: "k.12")
        #expect(answers.isEmpty && text() == "draft")
        #expect(try applyAnswer("late", offset: 0) == .ignored)
        #expect(try applyAnswer("anew", offset: 0, attempt: 2) == .changed)
        try step("running", attempt: 2, id: "k.13")
        #expect(answers == [["step_id": "s1", "attempt": 2, "text": "anew"]])
        #expect(try applyAnswer("older", offset: 0) == .ignored)
        try step("completed", attempt: 2, id: "k.14")
        #expect(answers.isEmpty)
        #expect(try applyAnswer("late", offset: 0, attempt: 2) == .ignored)
    }

    @Test("A step's text that the state holds is continued")
    mutating func restoredStep() throws {
        var state = Samples.state()
        state["live"] = [["step_id": "s1", "attempt": 1, "text": "Onc"]]
        fold = try TaskFold(state: state)
        #expect(fold.state == state)
        #expect(try applyAnswer("e", offset: 3) == .changed)
        #expect(answers.first?["text"] == "Once")
    }
}
