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

    /// One é of one scalar, and one of two: the same to `String`, and not to PostgreSQL.
    @Test("texts are compared byte by byte, as PostgreSQL does")
    func bytes() {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        #expect(one == two && !one.isExactly(two) && one.isExactly("caf\u{E9}") && !one.isExactly(nil))
        let task = TaskFacts(taskID: UUID(), conversationID: one, userID: one, workflowName: one)
        let filters: [(StreamFilter, StreamFilter)] = [
            (StreamFilter(conversationID: one), StreamFilter(conversationID: two)),
            (StreamFilter(userID: one), StreamFilter(userID: two)),
            (StreamFilter(workflowName: one), StreamFilter(workflowName: two)),
        ]
        for (same, other) in filters {
            #expect(same.matches(task) && !other.matches(task))
            // Streams of the two share neither a group nor a read.
            #expect(same != other && Set([same, other, same]).count == 2)
            var index = SubscriberGroupIndex()
            for filter in [same, other] {
                index.insert(
                    SubscriberGroup(
                        key: SubscriberGroup.Key(filter: filter, framing: .chunked), tenant: TenantSubscribers(epoch: "e", through: 0)))
            }
            var found: [StreamFilter] = []
            index.forEachGroup(of: task) { found.append($0.key.filter) }
            #expect(found == [same])
        }
        #expect(filters[0].0.logPart != filters[0].1.logPart)
        let sight = Sight(userID: one, workspaces: [UUID()])
        #expect(sight.sees(workspaceID: sight.workspaces.first, privateTo: one) && !sight.sees(workspaceID: sight.workspaces.first, privateTo: two))
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
