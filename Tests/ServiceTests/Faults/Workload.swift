import Base
import Client
import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing
import Workflow

/// Tasks that are started all the while, by a client that asks any of the nodes and asks again until one has answered.
final class Workload: Sendable {
    private let nodes: [TestService]
    private let workflows: [String]
    private let ids = Mutex<[String]>([])
    private let isOver = Atomic(false)

    /// - Parameter definitions: what is published, by the first node.
    init(_ nodes: [TestService], definitions: [String]) async throws {
        self.nodes = nodes
        var names: [String] = []
        for definition in definitions {
            try await nodes[0].publish(definition)
            names.append(try WorkflowDefinition.parse(definition, format: .yaml).name)
        }
        workflows = names
    }

    /// Starts no more tasks; the request that is on its way still gets its answer.
    func end() {
        isOver.store(true, ordering: .relaxed)
    }

    /// Starts a task every now and then, until the end. The first of each workflow comes at once.
    func run(_ seeded: SeededGenerator) async throws {
        var generator = seeded
        for number in 0... {
            let isFirst = number < workflows.count
            let workflow = isFirst ? workflows[number] : workflows[Int(generator.next(below: UInt64(workflows.count)))]
            try await start(workflow, number: number, &generator)
            if !isFirst { try await generator.pause(20..<250) }
            if isOver.load(ordering: .relaxed) { return }
        }
    }

    private func start(_ workflow: String, number: Int, _ generator: inout SeededGenerator) async throws {
        let input: JSON = ["topic": .string("number \(number)")]
        var request = TaskRequest(workflow: workflow, input: Data(input.utf8))
        request.idempotencyKey = "number-\(number)"
        while true {
            let node = nodes[Int(generator.next(below: UInt64(nodes.count)))]
            do {
                let id = try await within(.seconds(3), "an answer") { [request] in try await node.client.startTask(request).id }
                return ids.withLock { $0.append(id) }
            } catch let error as PressroomError where error.code == .unreachable || error.status == 503 {
                // A client's patience: as any that is told to come back later.
                try await Task.sleep(for: .milliseconds(20))
            } catch is Overdue {
                // The node may still do as it was asked; with the same key that is the same task.
            }
        }
    }

    /// Waits for the end of every task that there is. All nodes must run again.
    ///
    /// - Parameter endings: which statuses they may have then.
    func expectEnds(
        _ endings: Set<String> = ["completed"], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answered = ids.withLock { $0 }
        #expect(Set(answered).count == answered.count, "two requests were answered with one task", sourceLocation: sourceLocation)
        let rows = try await nodes[0].sql("SELECT task_id::text, idempotency_key FROM pressroom.tasks ORDER BY task_id")
        let all = try rows.map { try $0.decode(0, as: String.self) }
        let keyed = try rows.filter { try $0.decode(1, as: String?.self) != nil }.map { try $0.decode(0, as: String.self) }
        #expect(Set(keyed) == Set(answered), "tasks are missing, or were started twice", sourceLocation: sourceLocation)
        for (number, id) in all.enumerated() {
            let status = try await nodes[number % nodes.count].end(of: id)
            #expect(endings.contains(status), "\(id)", sourceLocation: sourceLocation)
        }
        print("\(all.count) tasks ended")
    }
}
