import Base
import Broadcast
import Foundation
import Postgres
import Store
import Workflow

/// What happens by one seed: tasks, people and services that write to them at the same time, and readers that come and go.
struct Story: Sendable {
    static let tenants = ["default", "other"]

    struct Outcome: Sendable {
        var events = 0
        var connections = 0
        var cuts = 0
        var resets = 0
        var folds = 0
        var problems: [String] = []
    }

    private enum Part: Sendable {
        case reader(FickleReader)
        case written
        case checkpoints([Checkpoint])
    }

    private let stage: Stage
    private let ledger: Ledger
    private let tasks: [StoryTask]
    private let isHeavy: Bool
    /// The tasks are completed at the end, so that their streams end.
    private let completes: Bool
    private let prunes: Bool

    static func run(seed: UInt64, in pair: NodePair, _ journal: Journal) async throws -> Outcome {
        var generator = SeededGenerator(seed: seed)
        let story = try await Story(in: pair, journal, &generator)
        return try await story.run(generator)
    }

    private init(in pair: NodePair, _ journal: Journal, _ generator: inout SeededGenerator) async throws {
        stage = Stage(nodes: pair.nodes, database: pair.database, journal: journal)
        ledger = try await Ledger(pair.database, tenantID: Self.tenants[0])
        isHeavy = generator.next(below: 4) == 0
        completes = generator.next(below: 3) == 0
        prunes = generator.next(below: 5) == 0
        let name = UUID().uuidString.prefix(8)
        tasks = (0..<6).map { number in
            StoryTask(
                tenantID: Self.tenants[number / 4], id: UUID(), conversationID: "\(name)-\(number % 2)",
                workflowName: "\(name)-\(number / 2 % 2)")
        }
    }

    /// Those of the tenant whose streams are read, in the order of their marks.
    private var readTasks: [StoryTask] { tasks.filter { $0.tenantID == Self.tenants[0] }.inLockOrder }

    private func run(_ seeded: SeededGenerator) async throws -> Outcome {
        var generator = seeded
        for task in tasks { try await task.add(to: stage.database) }
        var readers: [FickleReader] = []
        for number in 0..<6 { readers.append(try await reader(number, &generator)) }
        var writers: [Writer] = []
        for number in 0..<5 { writers.append(writer(number, &generator)) }
        let (cast, authors, janitor) = (readers, writers, SeededGenerator(seed: generator.next()))
        var (all, finished): ([Checkpoint], [FickleReader]) = ([], [])
        try await withThrowingTaskGroup(of: Part.self) { group in
            for reader in cast {
                group.addTask {
                    var reader = reader
                    try await reader.run()
                    return .reader(reader)
                }
            }
            group.addTask {
                try await write(authors, readers: cast.count)
                return .written
            }
            group.addTask { .checkpoints(try await checkpoints(janitor)) }
            for try await part in group {
                switch part {
                case .reader(let reader): finished.append(reader)
                case .checkpoints(let checkpoints): all += checkpoints
                case .written: break
                }
            }
        }
        for task in readTasks { all.append(try await Checkpoint.take(task, from: stage.nodes[0])) }
        let entries = try await ledger.entries()
        var verdict = Verdict(entries, tasks: readTasks, checkpoints: all, isPruned: await ledger.isPruned)
        var outcome = Outcome(events: entries.count)
        for reader in finished.sorted(by: { $0.name < $1.name }) {
            try verdict.judge(reader)
            outcome.connections += reader.connections
            outcome.cuts += reader.cuts
            outcome.resets += reader.reading.resets
        }
        outcome.folds = verdict.folds
        outcome.problems = verdict.problems
        return outcome
    }

    private func reader(_ number: Int, _ generator: inout SeededGenerator) async throws -> FickleReader {
        let filter = ReaderFilter.random(readTasks, &generator)
        let beginning: FickleReader.Beginning
        switch generator.next(below: 5) {
        case 0: beginning = .nothing
        case 1: beginning = .earliest
        case 2: beginning = .now
        case 3: beginning = .after(ledger.origin)
        default:
            if let task = filter.task {
                beginning = .restored(try await Checkpoint.take(task, from: stage.nodes[0]).state)
            } else {
                beginning = .after(ledger.origin)
            }
        }
        let marked = readTasks.filter(filter.matches)
        return try FickleReader(
            name: "reader \(number)", on: stage, filter: filter, beginning: beginning,
            readsToTheEnd: completes && filter.task != nil, lastMark: marked[marked.count - 1],
            rounds: Int(generator.next(below: 6)), generator: SeededGenerator(seed: generator.next()))
    }

    /// Three who take what they find, one of them through the nodes, and two who sit on tasks of their own.
    private func writer(_ number: Int, _ generator: inout SeededGenerator) -> Writer {
        let style: Writer.Style =
            switch number {
            case 0: .orderly
            case 1: .service
            case 2: generator.next(below: 2) == 0 ? .careless : .orderly
            default: .lingering
            }
        let own =
            switch number {
            case 1: [tasks[0], tasks[1], tasks[2], tasks[4]].filter { $0.tenantID == tasks[0].tenantID }
            case 3: [tasks[3]]
            case 4: [tasks[5]]
            default: [tasks[0], tasks[1], tasks[2], tasks[4]]
            }
        return Writer(
            name: "writer \(number)", stage: stage, style: style, tasks: own, padding: isHeavy ? 16_000 : 60, generator: SeededGenerator(seed: generator.next()))
    }

    private func write(_ writers: [Writer], readers: Int) async throws {
        // However it ends: somebody waits for it.
        defer { stage.progress.end() }
        try await withThrowingTaskGroup(of: Void.self) { lingering in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in writers {
                    let work: @Sendable () async throws -> Void = {
                        var writer = writer
                        try await writer.run(rounds: writer.style == .lingering ? 3 : 6)
                    }
                    if writer.style == .lingering { lingering.addTask(operation: work) } else { group.addTask(operation: work) }
                }
                defer { stage.progress.end() }
                try await group.waitForAll()
            }
            try await lingering.waitForAll()
        }
        stage.journal.note("end", "waits for readers to begin")
        await stage.anchors.wait(for: readers)
        try await mark()
        stage.journal.note("end", "\(stage.end.position ?? 0), completes \(completes), prunes \(prunes)")
    }

    /// The last transaction of the story.
    private func mark() async throws {
        let ids = tasks.map(\.id)
        try await stage.database.withTransaction { connection in
            if completes {
                _ = try await connection.query(
                    "UPDATE pressroom.tasks SET status = 'completed' WHERE task_id = ANY(\(ids)::uuid[])")
            }
            _ = try await connection.query(
                """
                SELECT pressroom.record_rows(tenant_id,
                           array_agg(ROW(task_id, \(ReaderFilter.mark), '"data": null')::pressroom.row_change ORDER BY task_id))
                  FROM pressroom.tasks WHERE task_id = ANY(\(ids)::uuid[]) GROUP BY tenant_id
                """)
        }
        let heads = try await stage.database.query(
            "SELECT position FROM pressroom.stream_heads WHERE tenant_id = \(Self.tenants[0])")
        stage.end.set(try heads[0].decode(0))
        for node in stage.nodes { node.feed.committed(Commit(tenantID: Self.tenants[0], events: .unread, work: .none)) }
    }

    /// Asks for states while the others write, and removes old events in between.
    private func checkpoints(_ seeded: SeededGenerator) async throws -> [Checkpoint] {
        var generator = seeded
        var checkpoints: [Checkpoint] = []
        for number in 0..<3 {
            await stage.progress.wait(for: stage.progress.count + Int(generator.next(below: 5)))
            let task = readTasks[Int(generator.next(below: UInt64(readTasks.count)))]
            checkpoints.append(try await Checkpoint.take(task, from: stage.nodes[number % stage.nodes.count]))
            if prunes, number == 1 { try await ledger.prune() }
        }
        return checkpoints
    }
}
