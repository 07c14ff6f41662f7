import Base
import Foundation
import NIOCore
import Store
import Workflow

/// The texts in progress that this node knows of, so that a late stream gets the whole of each.
struct LiveTextBoard: Sendable {
    private struct Key: Hashable {
        let tenantID: String
        let textID: UUID
    }

    private var texts: [Key: TextInProgress] = [:]
    private var keysByTenant: [String: Set<UUID>] = [:]
    private let textLimit: Int
    private let countLimit: Int

    /// - Parameters:
    ///   - textLimit: bytes that are kept of one text.
    ///   - countLimit: how many texts are kept. Pieces of further ones are only passed on.
    init(textLimit: Int, countLimit: Int) {
        self.textLimit = textLimit
        self.countLimit = countLimit
    }

    enum Change {
        case delivered(TextDelta)
        /// The first piece of a text, whose task must be looked up.
        case begun(TextDelta)
        case ignored
    }

    /// Adds a piece of text.
    /// - Parameter seenAt: for a text that another node writes, the position of the log's head when it was read.
    mutating func add(_ delta: LiveDelta, seenAt: Int64? = nil) -> Change {
        let key = Key(tenantID: delta.tenantID, textID: delta.subject.id)
        if texts[key] != nil {
            guard texts[key]?.append(delta, limit: textLimit) == true else { return .ignored }
            texts[key]?.seenAt = seenAt
            return .delivered(TextDelta(delta, task: texts[key]?.task))
        }
        // Streams that have the beginning of a text that is not kept get the rest of it, also when others have ended.
        guard delta.offset == 0, texts.count < countLimit else { return .delivered(TextDelta(delta, task: nil)) }
        texts[key] = TextInProgress(delta)
        texts[key]?.seenAt = seenAt
        keysByTenant[delta.tenantID, default: []].insert(delta.subject.id)
        return .begun(TextDelta(delta, task: nil))
    }

    /// Forgets the text of a run. A text of another run on the same output or step stays.
    mutating func end(tenantID: String, textID: UUID, run: TextRun) {
        guard texts[Key(tenantID: tenantID, textID: textID)]?.run == run else { return }
        texts[Key(tenantID: tenantID, textID: textID)] = nil
        keysByTenant[tenantID]?.remove(textID)
        if keysByTenant[tenantID]?.isEmpty == true { keysByTenant[tenantID] = nil }
    }

    /// Notes that all texts that other nodes write for a tenant were read when its log was at a position.
    /// - Returns: the whole of each text that is owed to a stream and known to go on.
    mutating func sawOthers(tenantID: String, at position: Int64, changes: RowChanges) -> [TextDelta] {
        var owed: [TextDelta] = []
        for textID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, textID: textID)
            guard let text = texts[key], text.seenAt != nil else { continue }
            texts[key]?.seenAt = position
            guard text.isOwed, changes.isCurrent(text.subject.owner, of: text.taskID, seenAt: position) else { continue }
            texts[key]?.isOwed = false
            if let whole = text.whole { owed.append(whole) }
        }
        return owed
    }

    /// Marks the texts that may have ended as owed: a stream goes live without them.
    mutating func oweUncertain(tenantID: String, changes: RowChanges) {
        for textID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, textID: textID)
            if let text = texts[key], !text.isKnownToGoOn(changes) { texts[key]?.isOwed = true }
        }
    }

    /// The tasks of a tenant's texts that have not been looked up.
    func unknownTasks(tenantID: String) -> Set<UUID> {
        Set(texts(of: tenantID).filter { $0.task == nil }.map(\.taskID))
    }

    /// Forgets what was looked up of a tenant's tasks.
    mutating func forgetTasks(tenantID: String) {
        for textID in keysByTenant[tenantID] ?? [] { texts[Key(tenantID: tenantID, textID: textID)]?.task = nil }
    }

    /// Adds a task that was looked up.
    /// - Returns: the whole of each of its texts that is known to go on.
    mutating func learn(
        _ task: TaskFacts, tenantID: String, changes: RowChanges = RowChanges()
    ) -> [TextDelta] {
        var wholes: [TextDelta] = []
        for textID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, textID: textID)
            guard texts[key]?.taskID == task.taskID, texts[key]?.task == nil else { continue }
            texts[key]?.task = task
            guard let text = texts[key] else { continue }
            if !text.isKnownToGoOn(changes) {
                texts[key]?.isOwed = true
            } else if let whole = text.whole {
                wholes.append(whole)
            }
        }
        return wholes
    }

    /// The whole of each text that passes a filter. A text of another node must be known to have been in progress after
    /// the last change of its task's outputs or steps.
    func wholes(tenantID: String, filter: StreamFilter, changes: RowChanges = RowChanges()) -> [TextDelta] {
        let known = texts(of: tenantID).filter { text in
            filter.matches(type: text.subject.eventType.rawValue) && text.isKnownToGoOn(changes)
        }
        return known.compactMap(\.whole).filter { filter.matches($0.facts) }
            .sorted { $0.subject.id.text < $1.subject.id.text }
    }

    private func texts(of tenantID: String) -> [TextInProgress] {
        (keysByTenant[tenantID] ?? []).compactMap { texts[Key(tenantID: tenantID, textID: $0)] }
    }
}

extension HubState {
    /// Puts a piece of text onto the board and into the mailboxes.
    ///
    /// - Parameter seenAt: for a text that another node writes, the position of the log's head when it was read.
    /// - Returns: the loops to call, and whether the text's task must be looked up.
    mutating func post(_ delta: LiveDelta, seenAt: Int64? = nil) -> (calls: [Int], isUnknown: Bool) {
        switch texts.add(delta, seenAt: seenAt) {
        case .ignored: ([], false)
        case .delivered(let piece): (post(.text(piece), tenantID: delta.tenantID), false)
        case .begun(let piece): (post(.text(piece), tenantID: delta.tenantID), logs[delta.tenantID] != nil)
        }
    }

    /// The texts in progress that a stream gets whole when it goes live. A text of another node that may have ended with
    /// the last change of its task's outputs or steps is sent later, if it goes on.
    mutating func wholes(tenantID: String, filter: StreamFilter) -> [TextDelta] {
        let changes = logs[tenantID]?.rowChanges ?? RowChanges()
        texts.oweUncertain(tenantID: tenantID, changes: changes)
        return texts.wholes(tenantID: tenantID, filter: filter, changes: changes)
    }
}

/// A text that a model is writing, as far as this node has seen it.
struct TextInProgress: Sendable {
    let tenantID: String
    let taskID: UUID
    let subject: TextSubject
    let run: TextRun
    /// Nil for a text that is written here. Otherwise the position of the log's head when the text was last seen to be in
    /// progress on another node.
    var seenAt: Int64?
    /// Whether a stream has gone live without the text, and so must get the whole of it if it goes on.
    var isOwed = false
    /// Nil when the text outgrew its bound. Then streams that have it get the rest, and later ones wait for the row.
    private(set) var text: String?
    /// In UTF-16 units, as `offset` counts.
    private(set) var length: Int
    /// The task by which streams may be narrowed; nil until it is looked up.
    var task: TaskFacts?

    init(_ delta: LiveDelta) {
        tenantID = delta.tenantID
        taskID = delta.taskID
        subject = delta.subject
        run = delta.run
        text = delta.text
        length = delta.text.utf16.count
    }

    /// Adds a piece.
    /// - Returns: false when the piece does not continue the text, so that every reader would ignore it.
    mutating func append(_ delta: LiveDelta, limit: Int) -> Bool {
        if delta.offset == 0 {
            // A run that lost its step must not replace the text of the run that has it now.
            if delta.run.isOutdated(by: run) || delta.subject.number < subject.number { return false }
            let task = task
            self = TextInProgress(delta)
            self.task = task
        } else if delta.offset == length, delta.run == run {
            length += delta.text.utf16.count
            text?.append(delta.text)
        } else {
            return false
        }
        if let text, text.utf8.count > limit { self.text = nil }
        return true
    }

    /// Whether no published event may have ended the text.
    func isKnownToGoOn(_ changes: RowChanges) -> Bool {
        seenAt.map { changes.isCurrent(subject.owner, of: taskID, seenAt: $0) } ?? true
    }

    /// The text in one piece; nil when it is not kept.
    var whole: TextDelta? {
        text.map {
            TextDelta(
                tenantID: tenantID, taskID: taskID, subject: subject, offset: 0, text: $0, length: length, task: task)
        }
    }
}

/// A piece of a text on its way to the groups of subscribers.
struct TextDelta: Sendable {
    let tenantID: String
    let taskID: UUID
    let subject: TextSubject
    let offset: Int
    private(set) var text: String
    /// The length of `text` in UTF-16 units.
    private(set) var length: Int
    let task: TaskFacts?

    init(
        tenantID: String, taskID: UUID, subject: TextSubject, offset: Int, text: String, length: Int, task: TaskFacts?
    ) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.subject = subject
        self.offset = offset
        self.text = text
        self.length = length
        self.task = task
    }

    init(_ delta: LiveDelta, task: TaskFacts?) {
        self.init(
            tenantID: delta.tenantID, taskID: delta.taskID, subject: delta.subject, offset: delta.offset,
            text: delta.text, length: delta.text.utf16.count, task: task)
    }

    /// Appends the next piece, if it continues this one.
    mutating func merge(_ next: TextDelta) -> Bool {
        guard next.subject == subject, next.tenantID == tenantID, next.offset == offset + length else { return false }
        text += next.text
        length += next.length
        return true
    }

    /// The facts by which groups are found. Until the task is looked up, only its id.
    var facts: TaskFacts { task ?? TaskFacts(taskID: taskID) }

    private static let ofOutput = FrameParts(.outputDelta, id: "output_id", number: "version_number")
    private static let ofStep = FrameParts(.stepDelta, id: "step_id", number: "attempt")

    /// `output_delta` or `step_delta`, without an `id`, because the log does not hold it.
    var frame: Frame {
        let parts = subject.owner == .output ? Self.ofOutput : Self.ofStep
        var json: [UInt8] = []
        json.reserveCapacity(text.utf8.count + 192)
        json.append(contentsOf: parts.start)
        json.append(contentsOf: taskID.text.utf8)
        json.append(contentsOf: parts.id)
        json.append(contentsOf: subject.id.text.utf8)
        json.append(contentsOf: parts.number)
        json.append(contentsOf: String(subject.number).utf8)
        json.append(contentsOf: #","offset":"#.utf8)
        json.append(contentsOf: String(offset).utf8)
        json.append(contentsOf: #","text":"#.utf8)
        JSON.string(text).write(to: &json)
        json.append(UInt8(ascii: "}"))
        return Frame(cursor: nil, event: parts.event, data: json)
    }

    /// What the frames of one type have in common.
    private struct FrameParts: Sendable {
        let event: String
        let start: [UInt8]
        let id: [UInt8]
        let number: [UInt8]

        init(_ type: EventType, id: String, number: String) {
            event = type.rawValue
            start = Array(#"{"type":"\#(type.rawValue)","task_id":""#.utf8)
            self.id = Array(#"","\#(id)":""#.utf8)
            self.number = Array(#"","\#(number)":"#.utf8)
        }
    }
}
