import Base
import Foundation
import NIOCore
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("Filters and groups")
struct StreamFilterTests {
    static let task = TaskFacts(
        taskID: UUID(), conversationID: "c1", userID: "u1", workspaceID: UUID(), workflowName: "w1")

    @Test(
        "each condition must hold",
        arguments: [
            (StreamFilter(), true),
            (StreamFilter(taskIDs: [task.taskID]), true),
            (StreamFilter(taskIDs: [UUID(), task.taskID]), true),
            (StreamFilter(taskIDs: [UUID()]), false),
            (StreamFilter(conversationID: "c1"), true),
            (StreamFilter(conversationID: "c2"), false),
            (StreamFilter(userID: "u1"), true),
            (StreamFilter(userID: "u2"), false),
            (StreamFilter(workspaceID: task.workspaceID), true),
            (StreamFilter(workspaceID: UUID()), false),
            (StreamFilter(workflowName: "w1"), true),
            (StreamFilter(workflowName: "w"), false),
            (StreamFilter(conversationID: "c1", userID: "u2"), false),
            (StreamFilter(conversationID: "c1", userID: "u1", types: ["custom"]), true),
            (StreamFilter(types: ["custom.other"]), false),
            (StreamFilter(sight: Sight(userID: "u1", workspaces: [task.workspaceID ?? UUID()])), true),
            (StreamFilter(sight: Sight(userID: "u1", workspaces: [UUID()])), false),
        ])
    func conditions(filter: StreamFilter, passes: Bool) {
        #expect(filter.matches(Samples.event(1, type: "custom", task: Self.task)) == passes)
    }

    @Test("the index finds just the groups that a look at every filter finds", arguments: 0..<50)
    func index(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let ids = (0..<4).map { _ in UUID() }
        func maybe<T>(_ values: [T]) -> T? {
            random.next(below: 2) == 0 ? nil : values[Int(random.next(below: UInt64(values.count)))]
        }
        var index = SubscriberGroupIndex()
        var groups: [SubscriberGroup] = []
        for _ in 0..<40 {
            let filter = StreamFilter(
                taskIDs: Set([maybe(ids), maybe(ids)].compactMap { $0 }), conversationID: maybe(["c1", "c2"]),
                userID: maybe(["u1", "u2"]), workspaceID: maybe(ids), workflowName: maybe(["w1", "w2"]))
            let group = SubscriberGroup(key: SubscriberGroup.Key(filter: filter, framing: .chunked), tenant: TenantSubscribers(epoch: "e", through: 0))
            groups.append(group)
            index.insert(group)
        }
        for group in groups.prefix(10) { index.remove(group) }
        for _ in 0..<40 {
            let task = TaskFacts(
                taskID: ids[Int(random.next(below: 4))], conversationID: maybe(["c1", "c2"]),
                userID: maybe(["u1", "u2"]), workspaceID: maybe(ids), workflowName: maybe(["w1", "w2"]))
            var found: [ObjectIdentifier] = []
            index.forEachGroup(of: task) { found.append(ObjectIdentifier($0)) }
            let expected = groups.dropFirst(10).filter { $0.key.filter.matches(task) }.map(ObjectIdentifier.init)
            #expect(found.count == expected.count, "seed \(seed)")
            #expect(Set(found) == Set(expected), "seed \(seed)")
        }
    }
}
