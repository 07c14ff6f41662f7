import Client
import Postgres
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
        private var last: Cursor?
        private(set) var events = 0

        init(_ fold: TaskFold) {
            self.fold = fold
            last = fold.cursor
        }

        var state: JSON? { fold.state }

        func take(_ event: ServerSentEvent, task: String) throws {
            events += 1
            if let id = event.ownID, event.name != "state" {
                let cursor = try #require(Cursor(id))
                if let last {
                    #expect(cursor.position > last.position, "\(event.name) \(id) of \(task) came twice or out of order")
                }
                last = cursor
            }
            #expect(event.name != "reset", "nothing was lost, and yet the stream of \(task) begins anew")
            if event.name == "state" { last = event.ownID.flatMap { Cursor($0) } }
            try fold.apply(eventName: event.name, id: event.ownID, dataJSON: event.data)
        }
    }

    /// Reads to the end of the task; the fold must be the state then, and the service must say that this was all.
    static func follow(
        _ task: String, of service: TestService, beginning: Beginning = .nothing, generator: SeededGenerator
    ) async throws {
        var cursor = ""
        var fold = TaskFold()
        switch beginning {
        case .restored:
            let state = try await service.client.taskState(task).document.json
            cursor = try #require(state["cursor"]?.string)
            fold = try TaskFold(state: state)
        case .nothing: break
        case .earliest: fold = try TaskFold(state: empty(task, epoch: try await service.epoch))
        }
        let folding = Folding(fold)
        var reader = RestlessReader(
            port: service.port, path: "/api/v1/tasks/\(task)/stream",
            beginning: beginning == .earliest ? "from=earliest" : "", cursor: cursor, generator: generator)
        try await reader.run { event in
            try await folding.take(event, task: task)
            return .goOn
        }
        #expect(reader.sawEnd && reader.sawNoContent, "the stream of \(task) did not end as it should")
        let state = try #require(await folding.state)
        let tables = try await service.tables(of: task)
        let differences = state.withoutLive.differences(from: tables)
        #expect(
            differences.isEmpty, "\(beginning) \(task), \(reader.connections) connections: \(differences.joined(separator: "\n"))")
    }

    /// The state of a task before its first event.
    private static func empty(_ task: String, epoch: String) -> JSON {
        var state: JSON = ["cursor": .string("\(epoch).0"), "task": ["task_id": .string(task)]]
        for list in ["phases", "steps", "outputs", "evaluations", "rankings", "human_tasks", "live"] { state[list] = [] }
        return state
    }
}

extension TestService {
    var epoch: String {
        get async throws { try await sql("SELECT epoch FROM pressroom.stream_heads")[0].decode("epoch") }
    }
}
