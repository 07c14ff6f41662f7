import Base
import Postgres
import TestSupport
import Testing
import Workflow

/// Somebody who changes rows in `psql`: transactions without the service's settings that stay open for a while and end
/// one way or the other.
struct Typist {
    let service: TestService
    let tasks: [String]
    var generator: SeededGenerator

    private struct ChangedMind: Error {}

    mutating func run(rounds: Int) async throws {
        for _ in 0..<rounds {
            do {
                try await transaction()
            } catch is ChangedMind {
            } catch let error as PostgresError where ["40P01", "40001"].contains(error.sqlState ?? "") {
                // Two of them locked rows in different orders: PostgreSQL chose this one, as it may.
            }
        }
    }

    private mutating func transaction() async throws {
        let statements = (0...generator.next(below: 3)).map { _ in statement() }
        let pause = generator.milliseconds(0..<60)
        let isRolledBack = generator.next(below: 4) == 0
        try await service.database.withTransaction { connection in
            for statement in statements { _ = try await connection.query(statement) }
            // The transaction is open in the meantime.
            try await Task.sleep(for: pause)
            if isRolledBack { throw ChangedMind() }
        }
    }

    private mutating func statement() -> PostgresQuery {
        let task = tasks[Int(generator.next(below: UInt64(tasks.count)))]
        let number = Int(generator.next(below: 1000))
        switch generator.next(below: 6) {
        case 0: return "UPDATE pressroom.outputs SET editor_feedback = \("typed \(number)") WHERE task_id = \(task)::uuid"
        case 1:
            return """
                UPDATE pressroom.outputs SET content = content || \(" \(number)") WHERE id = (SELECT id FROM pressroom.outputs
                 WHERE task_id = \(task)::uuid AND content IS NOT NULL LIMIT 1)
                """
        case 2: return "UPDATE pressroom.tasks SET priority = \(number % 10) WHERE task_id = \(task)::uuid"
        case 3: return "UPDATE pressroom.steps SET priority = \(number % 10) WHERE task_id = \(task)::uuid"
        case 4: return "UPDATE pressroom.phases SET iteration = iteration WHERE task_id = \(task)::uuid AND ordinal < 3"
        default:
            return """
                UPDATE pressroom.evaluations SET reasoning = \("typed \(number)") WHERE id = (SELECT id
                  FROM pressroom.evaluations WHERE task_id = \(task)::uuid ORDER BY id LIMIT 1)
                """
        }
    }
}
