import Foundation
import NIOCore
import Store
import Workflow

/// The texts in progress, as far as this node knows them, so that a stream that comes late gets the whole of each.
struct LiveTextBoard: Sendable {
    private struct Key: Hashable {
        let tenantID: String
        let outputID: UUID
    }

    private var texts: [Key: TextInProgress] = [:]
    private var keysByTenant: [String: Set<UUID>] = [:]
    private let textLimit: Int
    private let countLimit: Int

    /// - Parameters:
    ///   - textLimit: bytes that are kept of one text.
    ///   - countLimit: texts that are kept; further ones only reach those who are there already.
    init(textLimit: Int, countLimit: Int) {
        self.textLimit = textLimit
        self.countLimit = countLimit
    }

    enum Change {
        case delivered(TextDelta)
        /// The first piece of a text, whose task is to be looked up.
        case begun(TextDelta)
        case ignored
    }

    /// - Parameter seenAt: for a text that another node writes, where the log stood when it was read.
    mutating func add(_ delta: OutputDelta, seenAt: Int64? = nil) -> Change {
        let key = Key(tenantID: delta.tenantID, outputID: delta.outputID)
        if texts[key] != nil {
            guard texts[key]?.append(delta, limit: textLimit) == true else { return .ignored }
            texts[key]?.seenAt = seenAt
            return .delivered(TextDelta(delta, task: texts[key]?.task))
        }
        // A text that is not kept goes on for those who have its beginning, also when there is room again.
        guard delta.offset == 0, texts.count < countLimit else { return .delivered(TextDelta(delta, task: nil)) }
        texts[key] = TextInProgress(delta)
        texts[key]?.seenAt = seenAt
        keysByTenant[delta.tenantID, default: []].insert(delta.outputID)
        return .begun(TextDelta(delta, task: nil))
    }

    /// A run is over; another run's text on the same output stays.
    mutating func end(tenantID: String, outputID: UUID, run: TextRun) {
        guard texts[Key(tenantID: tenantID, outputID: outputID)]?.run == run else { return }
        texts[Key(tenantID: tenantID, outputID: outputID)] = nil
        keysByTenant[tenantID]?.remove(outputID)
        if keysByTenant[tenantID]?.isEmpty == true { keysByTenant[tenantID] = nil }
    }

    /// The texts that other nodes write for a tenant were all looked at when its log stood there. Answers the whole of
    /// those that are owed and do go on: an output may have changed since.
    mutating func sawOthers(tenantID: String, at position: Int64, changes: OutputChanges) -> [TextDelta] {
        var owed: [TextDelta] = []
        for outputID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, outputID: outputID)
            guard let text = texts[key], text.seenAt != nil else { continue }
            texts[key]?.seenAt = position
            guard text.isOwed, changes.isCurrent(text.taskID, seenAt: position) else { continue }
            texts[key]?.isOwed = false
            if let whole = text.whole { owed.append(whole) }
        }
        return owed
    }

    /// A stream goes live without those texts of which it is uncertain whether they go on.
    mutating func oweUncertain(tenantID: String, changes: OutputChanges) {
        for outputID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, outputID: outputID)
            guard let text = texts[key], let seenAt = text.seenAt else { continue }
            if !changes.isCurrent(text.taskID, seenAt: seenAt) { texts[key]?.isOwed = true }
        }
    }

    /// The tasks of a tenant's texts that have not been looked up.
    func unknownTasks(tenantID: String) -> Set<UUID> {
        Set(texts(of: tenantID).filter { $0.task == nil }.map(\.taskID))
    }

    /// Adds what was looked up; answers the whole of each text that it belongs to, as far as it is certain to go on.
    mutating func learn(
        _ task: TaskFacts, tenantID: String, changes: OutputChanges = OutputChanges()
    ) -> [TextDelta] {
        var wholes: [TextDelta] = []
        for outputID in keysByTenant[tenantID] ?? [] {
            let key = Key(tenantID: tenantID, outputID: outputID)
            guard texts[key]?.taskID == task.taskID, texts[key]?.task == nil else { continue }
            texts[key]?.task = task
            guard let text = texts[key] else { continue }
            if let seenAt = text.seenAt, !changes.isCurrent(task.taskID, seenAt: seenAt) {
                texts[key]?.isOwed = true
            } else if let whole = text.whole {
                wholes.append(whole)
            }
        }
        return wholes
    }

    /// The whole of each text that passes a filter; of those that other nodes write, the ones that are known to have
    /// been in progress after the last change of their task's outputs.
    func wholes(tenantID: String, filter: StreamFilter, changes: OutputChanges = OutputChanges()) -> [TextDelta] {
        guard filter.matches(type: StreamFilter.deltaType) else { return [] }
        let known = texts(of: tenantID).filter { text in
            text.seenAt.map { changes.isCurrent(text.taskID, seenAt: $0) } ?? true
        }
        return known.compactMap(\.whole).filter { filter.matches($0.facts) }
            .sorted { $0.outputID.uuidString < $1.outputID.uuidString }
    }

    private func texts(of tenantID: String) -> [TextInProgress] {
        (keysByTenant[tenantID] ?? []).compactMap { texts[Key(tenantID: tenantID, outputID: $0)] }
    }
}

extension HubState {
    /// Puts a piece of text onto the board and into the mailboxes.
    ///
    /// - Parameter seenAt: for a text that another node writes, where the log stood when it was read.
    /// - Returns: the loops to call, and whether the text's task is to be looked up.
    mutating func post(_ delta: OutputDelta, seenAt: Int64? = nil) -> (calls: [Int], isUnknown: Bool) {
        switch texts.add(delta, seenAt: seenAt) {
        case .ignored: ([], false)
        case .delivered(let piece): (post(.text(piece), tenantID: delta.tenantID), false)
        case .begun(let piece): (post(.text(piece), tenantID: delta.tenantID), logs[delta.tenantID] != nil)
        }
    }

    /// The texts in progress that a stream gets whole when it goes live. One of another node that may have ended with
    /// the last change of its task's outputs comes later, if it goes on.
    mutating func wholes(tenantID: String, filter: StreamFilter) -> [TextDelta] {
        let changes = logs[tenantID]?.outputChanges ?? OutputChanges()
        texts.oweUncertain(tenantID: tenantID, changes: changes)
        return texts.wholes(tenantID: tenantID, filter: filter, changes: changes)
    }
}

/// A text that a model is writing, as far as this node has seen it.
struct TextInProgress: Sendable {
    let tenantID: String
    let taskID: UUID
    let outputID: UUID
    let versionNumber: Int
    let run: TextRun
    /// Nil when it is written here; else the log's position at which it was last seen to be in progress on another node.
    var seenAt: Int64?
    /// Whether a stream has gone live without it, and so must get the whole of it if it goes on.
    var isOwed = false
    /// Nil when it outgrew its bound: those who follow it go on, those who come later wait for the row.
    private(set) var text: String?
    /// In UTF-16 units, as `offset` counts.
    private(set) var length: Int
    /// What streams may be narrowed by; nil until it is looked up.
    var task: TaskFacts?

    init(_ delta: OutputDelta) {
        tenantID = delta.tenantID
        taskID = delta.taskID
        outputID = delta.outputID
        versionNumber = delta.versionNumber
        run = delta.run
        text = delta.text
        length = delta.text.utf16.count
    }

    /// Adds a piece; false when it does not continue the text, and so would be ignored by every reader.
    mutating func append(_ delta: OutputDelta, limit: Int) -> Bool {
        if delta.offset == 0 {
            // What a run that lost its step still writes must not take the place of the one that has it now.
            if delta.run.isOutdated(by: run) || delta.versionNumber < versionNumber { return false }
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

    /// All of it in one piece; nil when it is not kept.
    var whole: TextDelta? {
        text.map {
            TextDelta(
                tenantID: tenantID, taskID: taskID, outputID: outputID, versionNumber: versionNumber, offset: 0,
                text: $0, length: length, task: task)
        }
    }
}

/// A piece of a text on its way to the rooms.
struct TextDelta: Sendable {
    let tenantID: String
    let taskID: UUID
    let outputID: UUID
    let versionNumber: Int
    let offset: Int
    private(set) var text: String
    /// Of `text`, in UTF-16 units.
    private(set) var length: Int
    let task: TaskFacts?

    init(
        tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, offset: Int, text: String, length: Int,
        task: TaskFacts?
    ) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.offset = offset
        self.text = text
        self.length = length
        self.task = task
    }

    init(_ delta: OutputDelta, task: TaskFacts?) {
        self.init(
            tenantID: delta.tenantID, taskID: delta.taskID, outputID: delta.outputID,
            versionNumber: delta.versionNumber, offset: delta.offset, text: delta.text,
            length: delta.text.utf16.count, task: task)
    }

    /// Becomes one piece with the next one, when that continues it.
    mutating func merge(_ next: TextDelta) -> Bool {
        guard next.outputID == outputID, next.tenantID == tenantID, next.versionNumber == versionNumber,
            next.offset == offset + length
        else { return false }
        text += next.text
        length += next.length
        return true
    }

    /// What rooms are found by; without a lookup, the task's id only.
    var facts: TaskFacts { task ?? TaskFacts(taskID: taskID) }

    /// `output_delta`: without an `id`, because it is in no log.
    var frame: Frame {
        var json: [UInt8] = []
        json.reserveCapacity(text.utf8.count + 192)
        json.append(contentsOf: #"{"type":"output_delta","task_id":""#.utf8)
        json.append(contentsOf: taskID.uuidString.lowercased().utf8)
        json.append(contentsOf: #"","output_id":""#.utf8)
        json.append(contentsOf: outputID.uuidString.lowercased().utf8)
        json.append(contentsOf: #"","version_number":"#.utf8)
        json.append(contentsOf: String(versionNumber).utf8)
        json.append(contentsOf: #","offset":"#.utf8)
        json.append(contentsOf: String(offset).utf8)
        json.append(contentsOf: #","text":"#.utf8)
        JSON.string(text).write(to: &json)
        json.append(UInt8(ascii: "}"))
        return Frame(cursor: nil, event: StreamFilter.deltaType, data: json)
    }
}
