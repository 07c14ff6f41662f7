import Foundation
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
