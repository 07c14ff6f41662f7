import Base
import Foundation
import NIOCore
import Store
import Workflow
import Telemetry

/// The subscribers of one event loop that get the same bytes.
///
/// What gathers is written in rounds. A round is one buffer, written to each member that the group has when the round
/// begins, to some members in each turn of the loop. What arrives meanwhile gathers for the next round.
final class SubscriberGroup {
    /// Subscribers with the same key get the same bytes.
    struct Key: Hashable {
        let filter: StreamFilter
        let framing: Framing
        var view: RowView = .whole
    }

    enum Item {
        case event(PublishedEvent)
        case text(Frame)

        func frame(_ view: RowView) -> Frame {
            switch self {
            case .event(let event): event.frame(view)
            case .text(let frame): frame
            }
        }
    }

    private struct Round {
        let bytes: ByteBuffer
        let members: [Subscriber]
        /// Every event of the group up to here was in an earlier round.
        let after: Int64
        /// Every event of the group up to here is in this round or an earlier one.
        let through: Int64
        var next = 0
    }

    let key: Key
    let tenant: TenantSubscribers
    /// The subscribers that share one buffer: each has got everything before the current round.
    private(set) var members: [Subscriber] = []
    /// The subscribers that replay, or are ahead of what the group has begun to write.
    private(set) var joining: [Subscriber] = []
    private var gathered: [Item] = []
    private var round: Round?
    /// The position of the latest event that was gathered.
    private(set) var lastEvent: Int64 = 0
    /// Whether the group is in the loop's queue.
    var isQueued = false

    init(key: Key, tenant: TenantSubscribers) {
        self.key = key
        self.tenant = tenant
    }

    var isEmpty: Bool { members.isEmpty && joining.isEmpty }

    /// Whether every member has got everything that was gathered.
    var isLevel: Bool { gathered.isEmpty && round == nil }

    /// The bytes that the current round writes to each member.
    var roundBytes: Int { round?.bytes.readableBytes ?? 0 }

    var hasGatheredText: Bool {
        gathered.contains { if case .text = $0 { true } else { false } }
    }

    /// Adds to what the next round writes.
    func gather(_ item: Item) {
        if case .event(let event) = item { lastEvent = event.position }
        gathered.append(item)
    }

    /// Notes the new status of a task in the streams that end with it.
    /// - Returns: the streams whose end is in sight.
    func saw(_ event: PublishedEvent, status: String, head: Int64) -> [Subscriber] {
        var ending: [Subscriber] = []
        for subscriber in members + joining where subscriber.taskEnd != nil {
            subscriber.taskEnd?.saw(status: status, at: event.position, head: head)
            if subscriber.taskEnd?.isInSight == true { ending.append(subscriber) }
        }
        return ending
    }

    /// Writes to at most `count` members.
    /// - Returns: to how many.
    func write(atMost count: Int) -> Int {
        beginRound()
        guard let round else { return 0 }
        let end = round.next + min(count, round.members.count - round.next)
        var writes = 0
        for member in round.members[round.next..<end] {
            if member.isOverBound {
                member.fallBehind(sent: round.after, joinedAt: round.through)
            } else {
                if !member.isOver { writes += 1 }
                member.send(round.bytes, isCounted: false)
            }
        }
        // Once for all of them: the loops count in one place.
        Instruments.streamBytes.increment(by: writes * round.bytes.readableBytes)
        if end == round.members.count { self.round = nil } else { self.round?.next = end }
        return end - round.next
    }

    func insert(_ subscriber: Subscriber) {
        joining.append(subscriber)
    }

    /// Makes a subscriber a member once it has everything up to the group's position. While something is gathered that
    /// the subscriber may have already, it stays apart.
    func promote(_ subscriber: Subscriber) {
        guard gathered.isEmpty, subscriber.memberIndex == nil, subscriber.machine.isLevel(with: tenant.through) else {
            return
        }
        joining.removeAll { $0 === subscriber }
        subscriber.memberIndex = members.count
        members.append(subscriber)
    }

    /// Makes a member a subscriber that replays.
    func demote(_ subscriber: Subscriber) {
        guard subscriber.memberIndex != nil else { return }
        remove(subscriber)
        joining.append(subscriber)
    }

    func remove(_ subscriber: Subscriber) {
        guard let index = subscriber.memberIndex else { return joining.removeAll { $0 === subscriber } }
        subscriber.memberIndex = nil
        members.swapAt(index, members.count - 1)
        members.removeLast()
        if index < members.count { members[index].memberIndex = index }
    }

    private func beginRound() {
        guard round == nil, !gathered.isEmpty else { return }
        let items = gathered
        gathered.removeAll(keepingCapacity: true)
        if !members.isEmpty {
            let first = items.lazy.compactMap { if case .event(let event) = $0 { event.position } else { nil } }.first
            round = Round(
                bytes: Subscriber.bytes(of: items.map { $0.frame(key.view) }, key.framing), members: members,
                after: first.map { $0 - 1 } ?? tenant.through, through: tenant.through)
        }
        for subscriber in joining { offer(items, to: subscriber) }
    }

    private func offer(_ items: [Item], to subscriber: Subscriber) {
        let events = items.compactMap { if case .event(let event) = $0 { event } else { nil } }
        if !subscriber.machine.isReplaying, subscriber.isOverBound { subscriber.fallBehind(sent: nil, joinedAt: nil) }
        let fresh = subscriber.machine.offered(events, through: tenant.through)
        guard !subscriber.machine.isReplaying, !subscriber.isOver else { return }
        let first = fresh.first?.position ?? .max
        let frames = items.compactMap { item -> Frame? in
            if case .event(let event) = item, event.position < first { return nil }
            return item.frame(key.view)
        }
        subscriber.send(Subscriber.bytes(of: frames, key.framing))
        if !subscriber.isOver { promote(subscriber) }
    }
}

/// The groups of a tenant on one event loop.
final class TenantSubscribers {
    private var groups: [SubscriberGroup.Key: SubscriberGroup] = [:]
    private var index = SubscriberGroupIndex()
    /// Streams whose task is terminal and that still have events to send.
    private var ending: [Subscriber] = []
    /// Everything up to here was given to the groups.
    private(set) var through: Int64
    let epoch: String

    init(epoch: String, through: Int64) {
        self.epoch = epoch
        self.through = through
    }

    var isEmpty: Bool { groups.isEmpty }

    var all: some Collection<SubscriberGroup> { groups.values }

    var subscribers: [Subscriber] { groups.values.flatMap { $0.members + $0.joining } }

    /// Adds events to the groups whose filter they pass, and calls `body` with each of these groups.
    func gather(_ batch: EventBatch, _ body: (SubscriberGroup) -> Void) {
        for event in batch.events {
            index.forEachGroup(of: event.task) { group in
                if group.key.filter.matches(type: event.type) {
                    group.gather(.event(event))
                    body(group)
                }
                if let status = event.taskStatus {
                    ending += group.saw(event, status: status, head: batch.head)
                }
            }
        }
        through = max(through, batch.through)
        endStreams()
    }

    func gather(_ delta: TextDelta, _ body: (SubscriberGroup) -> Void) {
        var frame: Frame?
        let type = delta.subject.eventType.rawValue
        index.forEachGroup(of: delta.facts) { group in
            guard group.key.filter.matches(type: type) else { return }
            let shared = frame ?? delta.frame
            frame = shared
            group.gather(.text(shared))
            body(group)
        }
    }

    /// Ends the streams of terminal tasks that have sent everything. Called whenever a group has become level.
    func endStreams() {
        guard !ending.isEmpty else { return }
        let candidates = ending
        ending = []
        for subscriber in candidates { endOrKeep(subscriber) }
    }

    func insert(_ subscriber: Subscriber) {
        let key = SubscriberGroup.Key(filter: subscriber.request.filter, framing: subscriber.request.framing, view: subscriber.request.view)
        let group = groups[key] ?? makeGroup(key)
        subscriber.group = group
        group.insert(subscriber)
    }

    func remove(_ subscriber: Subscriber) {
        guard let group = subscriber.group else { return }
        subscriber.group = nil
        group.remove(subscriber)
        guard group.isEmpty else { return }
        groups[group.key] = nil
        index.remove(group)
    }

    func wentLive(_ subscriber: Subscriber) {
        subscriber.group?.promote(subscriber)
        endOrKeep(subscriber)
    }

    private func endOrKeep(_ subscriber: Subscriber) {
        guard !subscriber.isOver, subscriber.taskEnd?.isInSight == true, let group = subscriber.group else { return }
        if group.isLevel { subscriber.finishIfTaskEnded(through: through) }
        guard !subscriber.isOver, !subscriber.machine.isReplaying, !ending.contains(where: { $0 === subscriber })
        else { return }
        ending.append(subscriber)
    }

    private func makeGroup(_ key: SubscriberGroup.Key) -> SubscriberGroup {
        let group = SubscriberGroup(key: key, tenant: self)
        groups[key] = group
        index.insert(group)
        return group
    }
}

/// Finds the groups of a tenant whose filter an event may pass, without looking at every group.
///
/// A group is filed under its narrowest condition; a lookup visits each value that the event's task has.
struct SubscriberGroupIndex {
    private enum Bucket: Hashable {
        case task(UUID)
        case conversation(ExactText)
        case user(ExactText)
        case workspace(UUID)
        case workflow(ExactText)
        case everything
    }

    private var buckets: [Bucket: [SubscriberGroup]] = [:]

    mutating func insert(_ group: SubscriberGroup) {
        for bucket in Self.buckets(of: group.key.filter) { buckets[bucket, default: []].append(group) }
    }

    mutating func remove(_ group: SubscriberGroup) {
        for bucket in Self.buckets(of: group.key.filter) {
            buckets[bucket]?.removeAll { $0 === group }
            if buckets[bucket]?.isEmpty == true { buckets[bucket] = nil }
        }
    }

    /// Calls `body` with each group whose filter passes the task, types aside.
    func forEachGroup(of task: TaskFacts, _ body: (SubscriberGroup) -> Void) {
        visit(.everything, task, body)
        visit(.task(task.taskID), task, body)
        if let conversation = task.conversationID { visit(.conversation(ExactText(conversation)), task, body) }
        if let user = task.userID { visit(.user(ExactText(user)), task, body) }
        if let workspace = task.workspaceID { visit(.workspace(workspace), task, body) }
        if let workflow = task.workflowName { visit(.workflow(ExactText(workflow)), task, body) }
    }

    private func visit(_ bucket: Bucket, _ task: TaskFacts, _ body: (SubscriberGroup) -> Void) {
        guard let groups = buckets[bucket] else { return }
        for group in groups where group.key.filter.matches(task) { body(group) }
    }

    private static func buckets(of filter: StreamFilter) -> [Bucket] {
        if !filter.taskIDs.isEmpty { return filter.taskIDs.map(Bucket.task) }
        if let conversation = filter.conversationID { return [.conversation(ExactText(conversation))] }
        if let user = filter.userID { return [.user(ExactText(user))] }
        if let workspace = filter.workspaceID { return [.workspace(workspace)] }
        if let workflow = filter.workflowName { return [.workflow(ExactText(workflow))] }
        return [.everything]
    }
}
