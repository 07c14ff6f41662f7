import Base
import Client
import Testing
import Workflow

/// Folds a task's stream, read over a line that breaks, and compares the fold with the tables.
enum FoldReader {
    /// How a reader learns what was before its first event.
    enum Beginning: String, CaseIterable, Sendable {
        /// `GET …/state`, then everything after its cursor.
        case restored
        /// The stream's own `state` event.
        case nothing
        /// Every event that there ever was.
        case earliest
    }

    private actor Folding {
        private var fold: TaskFold
        private var last: Int64 = 0
        private(set) var events = 0

        init(_ fold: TaskFold) {
            self.fold = fold
            last = fold.cursor?.position ?? 0
        }

        var state: JSON? { fold.state }

        func take(_ event: ServerSentEvent, task: String) throws {
            events += 1
            if let id = event.ownID {
                let position = try #require(Cursor(id)).position
                // A state replaces everything up to it; the opening, a heartbeat and the end repeat a place.
                let least = ["state", "end", "opened", "heartbeat"].contains(event.name) ? last : last + 1
                #expect(position >= least, "\(event.name) \(id) of \(task) came twice or out of order")
                last = position
            }
            #expect(event.name != "reset", "nothing was lost, and yet the stream of \(task) begins anew")
            try fold.apply(eventName: event.name, id: event.ownID, dataJSON: event.data)
        }
    }

    /// Reads to the end of the task; the fold must be the state then, and the service must say that this was all.
    static func follow(
        _ task: String, of service: TestService, beginning: Beginning = .nothing, generator: SeededGenerator
    ) async throws {
        let fold = try await read(task, from: [service.port], service.client, beginning: beginning, generator: generator)
        try await fold.compare(with: service)
    }

    /// What a reader had folded when the service said that this was all.
    struct Fold: Sendable {
        let task: String
        let state: JSON
        let how: String

        func compare(with service: TestService) async throws {
            let differences = state.withoutLive.differences(from: try await service.tables(of: task))
            #expect(differences.isEmpty, "\(how): \(differences.joined(separator: "\n"))")
        }
    }

    /// Reads to the end of the task, over connections to any of the nodes.
    /// - Parameter client: of the node that is asked for the state that a restored reader begins with.
    static func read(
        _ task: String, from ports: [Int], _ client: PressroomClient, beginning: Beginning = .nothing,
        generator: SeededGenerator
    ) async throws -> Fold {
        var cursor = ""
        var fold = TaskFold()
        switch beginning {
        case .restored:
            let state = try await client.taskState(task).document.json
            cursor = try #require(state["cursor"]?.string)
            fold = try TaskFold(state: state)
        case .nothing, .earliest: break
        }
        let folding = Folding(fold)
        var reader = RestlessReader(
            ports: ports, path: "/api/v1/tasks/\(task)/stream",
            beginning: beginning == .earliest ? "from=earliest" : "", cursor: cursor, generator: generator)
        try await reader.run { event in
            try await folding.take(event, task: task)
            return .goOn
        }
        let state = try #require(await folding.state)
        // A connection that breaks between the task's last event and `end` is answered with a 204 at once.
        let isOver = state["task"]?["status"]?.string.flatMap(TaskStatus.init(rawValue:))?.isTerminal ?? false
        #expect((reader.sawEnd || isOver) && reader.sawNoContent, "the stream of \(task) did not end as it should")
        return Fold(task: task, state: state, how: "\(beginning) \(task), \(reader.connections) connections")
    }
}
