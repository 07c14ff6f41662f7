import Base
import Client
import Foundation
import Workflow

/// Compares what the readers of a story have got with what the tables hold.
struct Verdict {
    private let entries: [Ledger.Entry]
    private let tasks: [UUID: StoryTask]
    private let checkpoints: [Checkpoint]
    private let isPruned: Bool
    /// The data of events that were found right once, as it was sent.
    private var right: [Int64: String] = [:]
    private(set) var problems: [String] = []
    /// How often a fold was held against a state.
    private(set) var folds = 0

    init(_ entries: [Ledger.Entry], tasks: [StoryTask], checkpoints: [Checkpoint], isPruned: Bool) {
        self.entries = entries
        self.tasks = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0) })
        self.checkpoints = checkpoints.sorted { $0.position < $1.position }
        self.isPruned = isPruned
    }

    mutating func judge(_ reader: FickleReader) throws {
        let name = "\(reader.name) (\(reader.filter.path), \(reader.beginning.name), \(reader.connections) connections)"
        let reading = reader.reading
        guard let base = reading.base else { return problems.append("\(name) has not begun") }
        let wanted = entries.filter { entry in
            guard let task = tasks[entry.taskID] else { return false }
            return entry.position > base && reader.filter.matches(task) && reader.filter.matches(type: entry.type)
        }
        guard reading.events.map(\.position) == wanted.map(\.position) else {
            problems.append("\(name) got \(reading.events.map(\.position)) after \(base) instead of \(wanted.map(\.position))")
            return
        }
        for (event, entry) in zip(reading.events, wanted) where right[event.position] != event.data {
            if event.name == entry.type, try JSON(parsing: event.data) == entry.data {
                right[event.position] = event.data
            } else {
                problems.append("\(name) got at \(event.position) \(event.name): \(event.data) instead of \(entry.data)")
            }
        }
        if reading.resets > 0, !isPruned, reader.filter.task == nil || !reader.beginning.isNothing {
            problems.append("\(name) was reset")
        }
        if reader.readsToTheEnd, !reading.sawEnd, !reader.wasToldOfEnd { problems.append("\(name) saw no end") }
        if reader.filter.types == nil { try fold(reading, base: base, of: reader.filter, name) }
    }

    /// The fold of the events is the state, at each cursor at which somebody asked for it.
    private mutating func fold(_ reading: Reading, base: Int64, of filter: ReaderFilter, _ name: String) throws {
        for task in tasks.values where filter.matches(task) {
            let taskIDs = Dictionary(uniqueKeysWithValues: entries.map { ($0.position, $0.taskID) })
            var events = reading.events.filter { taskIDs[$0.position] == task.id }[...]
            var fold = try reading.state.map { state throws in try TaskFold(state: state) } ?? TaskFold()
            guard reading.state != nil || events.first.map({ isFirst($0) }) ?? false else { continue }
            for checkpoint in checkpoints where checkpoint.task == task && checkpoint.position >= base {
                while let event = events.first, event.position <= checkpoint.position {
                    try fold.apply(
                        eventName: event.name, id: Cursor(epoch: "e", position: event.position).description, dataJSON: event.data)
                    events = events.dropFirst()
                }
                guard let state = fold.state else { continue }
                folds += 1
                for key in ["status", "phase", "progress", "task", "phases", "steps", "outputs", "evaluations", "rankings"]
                where state[key] != checkpoint.state[key] {
                    problems.append(
                        "\(name): \(key) of \(task.path) at \(checkpoint.position) is \(state[key] ?? .null)"
                            + " instead of \(checkpoint.state[key] ?? .null)")
                }
            }
        }
    }

    private func isFirst(_ event: Reading.Event) -> Bool {
        event.name == "task_updated" && (try? JSON(parsing: event.data))?["task"]?["version"] == 1
    }
}

extension FickleReader.Beginning {
    var isNothing: Bool {
        if case .nothing = self { true } else { false }
    }

    /// For people.
    var name: String {
        switch self {
        case .nothing: "from nothing"
        case .earliest: "from=earliest"
        case .now: "from=now"
        case .after(let cursor): "after \(cursor)"
        case .restored: "restored"
        }
    }
}
