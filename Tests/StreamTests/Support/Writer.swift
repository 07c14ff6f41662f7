import Base
import Broadcast
import Postgres
import Store
import Workflow

/// Writes at random: transactions of the service's kind and of psql's, some of which are rolled back, in part or whole,
/// or stay open while others commit.
struct Writer: Sendable {
    enum Style: Sendable {
        /// Locks all rows that others may hold before it changes the first one, as the service does.
        case orderly
        /// Locks as it goes. PostgreSQL may end one of two that wait for each other.
        case careless
        /// Writes through a node, as its API and its processor do: its events come back with the commit.
        case service
        /// Keeps its transactions open while others commit. Nobody else writes to its rows.
        case lingering
    }

    private enum Action: Sendable {
        case statement(PostgresQuery)
        case waitForOthers(commits: Int)
    }

    private struct ChangedMind: Error {}

    let name: String
    let stage: Stage
    let style: Style
    let tasks: [StoryTask]
    /// How much text a change may carry.
    let padding: UInt64
    var generator: SeededGenerator

    mutating func run(rounds: Int) async throws {
        for round in 0..<rounds {
            do {
                if style == .service, generator.next(below: 2) == 0 {
                    try await appendCustomEvents(round)
                } else {
                    let actions = script(round)
                    try await perform(actions, round, isRolledBack: generator.next(below: 4) == 0)
                }
            } catch is ChangedMind {
                continue
            } catch let error as PostgresError where ["40P01", "23505"].contains(error.sqlState ?? "") {
                continue  // somebody careless: two waited for each other, or counted the same versions
            } catch let error as StoreError where error.code == .conflict {
                continue  // the same, from a node: it does not wait for ever for a row that somebody holds
            }
            if style != .lingering { stage.progress.advance() }
            tellNodes()
        }
        stage.journal.note(name, "done")
    }

    /// Several at once, which share transactions as they happen to.
    private mutating func appendCustomEvents(_ round: Int) async throws {
        let node = stage.nodes[Int(generator.next(below: UInt64(stage.nodes.count)))]
        let drawn = generator.shuffled(tasks).prefix(1 + Int(generator.next(below: 3)))
        try await withThrowingTaskGroup(of: Void.self) { [name] group in
            for (number, task) in (drawn + drawn).enumerated() {
                group.addTask {
                    _ = try await node.store.appendCustomEvent(
                        Scope(tenantID: task.tenantID, userID: name),
                        CustomEvent(taskID: task.id, type: "custom.own", data: .string("\(name) \(round) \(number)")))
                }
            }
            try await group.waitForAll()
        }
    }

    private mutating func perform(_ actions: [Action], _ round: Int, isRolledBack: Bool) async throws {
        if style == .service {
            let node = stage.nodes[Int(generator.next(below: UInt64(stage.nodes.count)))]
            let scope = Scope(tenantID: tasks[0].tenantID, userID: name)
            return try await node.store.write(scope) { [self] connection in
                try await perform(actions, round, isRolledBack: isRolledBack, on: connection.connection)
            }
        }
        try await stage.database.withTransaction { [self] connection in
            try await perform(actions, round, isRolledBack: isRolledBack, on: connection)
        }
    }

    private func perform(
        _ actions: [Action], _ round: Int, isRolledBack: Bool, on connection: PostgresConnection
    ) async throws {
        for (number, action) in actions.enumerated() {
            stage.journal.note(name, "\(style), round \(round), \(number + 1) of \(actions.count): \(action)")
            switch action {
            case .statement(let statement): _ = try await connection.query(statement)
            case .waitForOthers(let commits): await stage.progress.wait(for: stage.progress.count + commits)
            }
        }
        stage.journal.note(name, "\(style), round \(round): ends")
        if isRolledBack { throw ChangedMind() }
    }

    private mutating func script(_ round: Int) -> [Action] {
        // Of one tenant mostly, now and then of all.
        let tenants = Array(Set(tasks.map(\.tenantID))).sorted()
        let tenant = style != .service && generator.next(below: 5) == 0 ? nil : tenants[Int(generator.next(below: UInt64(tenants.count)))]
        let near = generator.shuffled(tasks.filter { tenant == nil || $0.tenantID == tenant })
        let drawn = Array(near.prefix(1 + Int(generator.next(below: 3))))
        let chosen = style == .careless ? drawn : drawn.inLockOrder
        // Whoever takes positions at once holds its tenants' heads until it commits.
        let isImmediate = style == .service || (style == .orderly && generator.next(below: 2) == 0)
        var actions: [Action] = []
        if isImmediate, style != .service { actions.append(.statement("SET LOCAL pressroom.events = 'immediate'")) }
        switch style {
        case .orderly, .service:
            actions.append(
                .statement(
                    """
                    SELECT FROM pressroom.tasks WHERE task_id = ANY(\(chosen.map(\.id))::uuid[])
                     ORDER BY tenant_id, task_id::text FOR UPDATE
                    """))
        case .careless, .lingering: break
        }
        let isOfManyTenants = Set(chosen.map(\.tenantID)).count > 1
        for number in 0...generator.next(below: 4) {
            var change = Change.allCases[Int(generator.next(below: UInt64(Change.allCases.count)))]
            var touched = chosen
            if isImmediate, isOfManyTenants {
                // The heads are taken in the order of their tenants by the first statement.
                if number == 0 { change = .task }
            } else {
                touched = Array(generator.shuffled(chosen).prefix(1 + Int(generator.next(below: UInt64(chosen.count)))))
            }
            let statement = Action.statement(
                change.statement(touched, note: "\(name) \(round) \(number)", padding: Int(generator.next(below: padding))))
            switch generator.next(below: 8) {
            case 0:
                actions += [.statement("SAVEPOINT s"), statement, .statement("ROLLBACK TO SAVEPOINT s")]
            case 1:
                actions += [.statement("SAVEPOINT s"), statement, .statement("RELEASE SAVEPOINT s")]
            default: actions.append(statement)
            }
            if style == .lingering { actions.append(.waitForOthers(commits: Int(generator.next(below: 4)))) }
        }
        return actions
    }

    /// Sometimes a node knows at once what was committed, and sometimes it has to find out.
    private mutating func tellNodes() {
        for node in stage.nodes where generator.next(below: 3) > 0 {
            for tenant in Set(tasks.map(\.tenantID)) {
                node.feed.committed(Commit(tenantID: tenant, events: .unread, work: .none))
            }
        }
    }
}
