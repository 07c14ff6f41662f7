package import Base
package import Workflow

/// Folds a task's events into exactly what `GET …/state` returns at the same cursor.
///
/// An event at or before the fold's cursor changes nothing, so that a doubled one does no harm; neither does an event
/// of another task, or of a type that carries no row.
package struct TaskFold: Sendable {
    /// The effect of an event.
    package enum Outcome: Sendable, Equatable {
        case changed
        case ignored
        /// The state is void; a `state` event follows.
        case reset(reason: String)
        /// The task is terminal, and the fold has all its events.
        case ended(status: String)
    }

    /// The cursor of the last event that was folded in; nil before the first state and after a reset.
    package private(set) var cursor: Cursor?

    private var task: JSON = [:]
    private var tables: [Table: FoldedRows] = [:]
    private var live = FoldedTexts()

    /// An empty fold, for a stream that begins with a `state` event, or with the task's first event.
    ///
    /// Until one of them comes, it has no state. (A stream that breaks before its `state` is complete goes on with
    /// every event that there ever was; so does one from the earliest.)
    package init() {}

    /// Begins with the body of `GET …/state`.
    package init(state: JSON) throws(PressroomError) {
        try replace(with: state)
    }

    /// The state, in the shape of `GET …/state`; nil before the first `state`.
    package var state: JSON? {
        guard let cursor else { return nil }
        var state: JSONObject = [
            "cursor": .string(cursor.description), "status": task["status"] ?? .null, "phase": task["phase"] ?? .null,
            "progress": task["progress"] ?? .null, "task": task, "live": live.json,
        ]
        for (table, rows) in tables { state[table.rawValue] = rows.json }
        return .object(state)
    }

    /// Folds one event in. `id` is the event's own id; nil for live text and other events that are not in the log.
    ///
    /// - Throws: `invalid_response` for data that is no JSON object, or a state or cursor that cannot be read.
    @discardableResult
    package mutating func apply(eventName: String, id: String?, dataJSON: String) throws(PressroomError) -> Outcome {
        let data: JSON
        do {
            data = try JSON(parsing: dataJSON, limits: .stored)
        } catch {
            throw PressroomError(code: .invalidResponse, title: "the data of \(eventName) is not JSON", detail: "\(error)")
        }
        let type = EventType(type: eventName)
        switch type {
        case .state:
            try replace(with: data)
            return .changed
        case .reset:
            self = TaskFold()
            return .reset(reason: data["reason"]?.string ?? "")
        case .end:
            try move(to: id)
            return .ended(status: data["status"]?.string ?? "")
        case .outputDelta, .stepDelta:
            guard isOfThisTask(data), !isRow(data) else { return .ignored }
            return live.apply(delta: data) ? .changed : .ignored
        default:
            return try fold(type, id: id, data)
        }
    }

    private mutating func fold(_ type: EventType?, id: String?, _ data: JSON) throws(PressroomError) -> Outcome {
        if cursor == nil {
            guard type == .taskUpdated, data["task"]?["version"] == 1 else { return .ignored }
            task = data["task"] ?? task
            for table in Table.allCases where table.isListedAlways { tables[table] = FoldedRows(order: table.order) }
        }
        guard try move(to: id), isOfThisTask(data) else { return .ignored }
        switch type {
        case .taskUpdated: task = data["task"] ?? task
        // Its `task` is ignored: a task's change has an event of its own, and a phase's event can come after a newer one.
        case .phaseChanged: upsert(data["phase"], into: .phases)
        case .stepUpdated:
            upsert(data["step"], into: .steps)
            if let step = data["step"] { live.settle(step: step) }
        case .queueBuilt: for step in data["steps"]?.array ?? [] { upsert(step, into: .steps) }
        case .outputUpdated: settle(data["output"])
        case .finalistsSelected: for output in data["outputs"]?.array ?? [] { settle(output) }
        case .evaluationUpdated: upsert(data["evaluation"], into: .evaluations)
        case .rankingUpdated: upsert(data["ranking"], into: .rankings)
        case .humanTaskUpdated: upsert(data["human_task"], into: .humanTasks)
        case .outputVersionAdded: upsert(data["output_version"], into: .outputVersions)
        case .logAppended: upsert(data["log"], into: .logs)
        // The state does not list the first two.
        case .attemptRecorded, .callRecorded, .custom, .outputDelta, .stepDelta, .state, .reset, .end, .credentialsExpired, .overloaded, nil:
            return .ignored
        }
        return .changed
    }

    /// A table that the state does not list (`?steps=false`, or without `?include=`) stays out of it.
    private mutating func upsert(_ row: JSON?, into table: Table) {
        if let row { tables[table]?.upsert(row) }
    }

    private mutating func settle(_ output: JSON?) {
        upsert(output, into: .outputs)
        if let output { live.settle(output: output) }
    }

    /// Whether the version or the attempt that a delta belongs to has become a row: text from another node may come late.
    private func isRow(_ delta: JSON) -> Bool {
        if let id = delta["step_id"]?.string, let attempt = delta["attempt"]?.int {
            return tables[.steps]?[id].map { FoldedTexts.isOver(step: $0, attempt: attempt) } ?? false
        }
        guard let id = delta["output_id"]?.string, let version = delta["version_number"]?.int,
            let known = tables[.outputs]?[id]?["version_number"]?.int
        else { return false }
        return known >= version
    }

    private func isOfThisTask(_ data: JSON) -> Bool {
        guard let id = data["task_id"]?.string else { return true }
        return id == task["task_id"]?.string
    }

    /// False when the cursor was passed before.
    @discardableResult
    private mutating func move(to id: String?) throws(PressroomError) -> Bool {
        guard let id else { return true }
        guard let next = Cursor(id) else {
            throw PressroomError(code: .invalidResponse, title: "the event id is no cursor", detail: id)
        }
        if let cursor, cursor.epoch == next.epoch, next.position <= cursor.position { return false }
        cursor = next
        return true
    }

    private mutating func replace(with state: JSON) throws(PressroomError) {
        guard let cursor = state["cursor"]?.string.flatMap({ Cursor($0) }), let task = state["task"], task.object != nil else {
            throw PressroomError(code: .invalidResponse, title: "the state has no cursor or no task")
        }
        self.cursor = cursor
        self.task = task
        live = FoldedTexts(state["live"])
        tables = [:]
        for table in Table.allCases {
            guard let rows = state[table.rawValue]?.array else { continue }
            tables[table] = FoldedRows(order: table.order, rows: rows)
        }
    }
}

extension TaskFold {
    /// The lists of a state.
    private enum Table: String, CaseIterable, Sendable {
        case phases, steps, outputs, evaluations, rankings, logs
        case outputVersions = "output_versions"
        case humanTasks = "human_tasks"

        /// Whether a state has it without `?include=`.
        var isListedAlways: Bool { self != .logs && self != .outputVersions }

        var order: FoldedRows.Order {
            switch self {
            case .phases: .ordinal
            case .steps: .sequence
            default: .creation
            }
        }
    }
}

/// The rows of one table of a task, by id, in the order in which `/state` lists them.
struct FoldedRows: Sendable {
    /// The key by which rows are sorted before their ids.
    enum Order: Sendable { case ordinal, sequence, creation }

    private struct SortKey: Comparable {
        var number: Int
        var createdAt: String
        var id: String

        static func < (left: SortKey, right: SortKey) -> Bool {
            (left.number, left.createdAt, left.id) < (right.number, right.createdAt, right.id)
        }
    }

    private let order: Order
    private var rows: JSONObject = [:]
    private var keys: [SortKey] = []

    init(order: Order, rows: [JSON] = []) {
        self.order = order
        for row in rows { upsert(row) }
    }

    subscript(id: String) -> JSON? { rows[id] }

    var json: JSON { .array(keys.compactMap { rows[$0.id] }) }

    /// Inserts a row, or replaces the one with its id; false when it has no id.
    @discardableResult
    mutating func upsert(_ row: JSON) -> Bool {
        guard let key = sortKey(of: row) else { return false }
        if let before = rows.updateValue(row, forKey: key.id) {
            guard sortKey(of: before) != key else { return true }
            keys.removeAll { $0.id == key.id }
        }
        // Rows nearly always come in order, so the search begins at the end.
        let index = keys.lastIndex { $0 < key }.map { $0 + 1 } ?? 0
        keys.insert(key, at: index)
        return true
    }

    private func sortKey(of row: JSON) -> SortKey? {
        guard let id = row["id"]?.string else { return nil }
        switch order {
        case .ordinal: return SortKey(number: row["ordinal"]?.int ?? 0, createdAt: "", id: id)
        case .sequence: return SortKey(number: row["sequence"]?.int ?? 0, createdAt: "", id: id)
        case .creation: return SortKey(number: 0, createdAt: row["created_at"]?.string ?? "", id: id)
        }
    }
}

/// The texts in progress of a task, as `live` lists them.
struct FoldedTexts: Sendable {
    /// What a text will be: a version of a draft, or what an attempt of a step brings.
    private struct Subject: Equatable {
        /// The member with the id: `output_id` or `step_id`.
        var owner: String
        var id: String
        /// The version or the attempt.
        var number: Int

        init?(_ json: JSON) {
            if let id = json["output_id"]?.string {
                (owner, self.id, number) = ("output_id", id, json["version_number"]?.int ?? 0)
            } else if let id = json["step_id"]?.string {
                (owner, self.id, number) = ("step_id", id, json["attempt"]?.int ?? 0)
            } else {
                return nil
            }
        }

        func isSameOwner(as other: Subject) -> Bool { owner == other.owner && id == other.id }

        var members: JSONObject {
            [owner: .string(id), (owner == "step_id" ? "attempt" : "version_number"): .integer(Int64(number))]
        }
    }

    private struct Text {
        var subject: Subject
        var text: String
        /// The length of `text` in UTF-16 units, which offsets count.
        var units: Int
    }

    private var texts: [Text] = []

    init(_ live: JSON? = nil) {
        for entry in live?.array ?? [] {
            guard let subject = Subject(entry), let text = entry["text"]?.string else { continue }
            texts.append(Text(subject: subject, text: text, units: text.utf16.count))
        }
    }

    var json: JSON {
        .array(
            texts.map { text in
                var members = text.subject.members
                members["text"] = .string(text.text)
                return .object(members)
            })
    }

    /// Offset 0 replaces the text, its end appends to it, any other offset is ignored. Returns whether the text changed.
    mutating func apply(delta: JSON) -> Bool {
        guard let subject = Subject(delta), subject.number > 0, let offset = delta["offset"]?.int, let text = delta["text"]?.string
        else { return false }
        let index = texts.firstIndex { $0.subject.isSameOwner(as: subject) }
        if offset == 0 {
            let new = Text(subject: subject, text: text, units: text.utf16.count)
            if let index { texts[index] = new } else { texts.append(new) }
            return true
        }
        guard let index, texts[index].subject == subject, texts[index].units == offset else { return false }
        texts[index].text += text
        texts[index].units += text.utf16.count
        return true
    }

    /// Drops a text that has become a row, or whose output is no longer being written.
    mutating func settle(output: JSON) {
        let isBeingWritten = [OutputStatus.writing, .editing, .rewriting].map(\.rawValue).contains(output["status"]?.string)
        texts.removeAll {
            $0.subject.owner == "output_id" && $0.subject.id == output["id"]?.string
                && (!isBeingWritten || (output["version_number"]?.int ?? 0) >= $0.subject.number)
        }
    }

    /// Drops the text of an attempt that has ended.
    mutating func settle(step: JSON) {
        texts.removeAll {
            $0.subject.owner == "step_id" && $0.subject.id == step["id"]?.string
                && Self.isOver(step: step, attempt: $0.subject.number)
        }
    }

    /// Whether an attempt of a step has ended. A row that tells of an earlier attempt is older than the text.
    static func isOver(step: JSON, attempt: Int) -> Bool {
        let last = step["attempt"]?.int ?? 0
        return last > attempt || (last == attempt && step["status"] != "running")
    }
}
