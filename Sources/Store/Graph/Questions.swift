package import Base
package import Foundation
import Postgres
package import Workflow

/// The expressions that a task needs evaluated before it can go on, and the answers.
///
/// The engine cannot suspend. It records the expressions that it needs, continues without them, and runs again with
/// their values in the same transaction.
package struct Questions: Sendable {
    /// What the question is about: expressions of one group are evaluated over the same document.
    package struct Group: Sendable, Hashable {
        package enum Part: Sendable, Hashable { case when, list, work, until }

        package let phaseID: UUID
        package let part: Part
        package let iteration: Int

        package init(phaseID: UUID, part: Part, iteration: Int) {
            self.phaseID = phaseID
            self.part = part
            self.iteration = iteration
        }
    }

    package enum Answer: Sendable, Equatable {
        /// Everything that the path found, in order.
        case found([JSON])
        /// The path could not be evaluated, with PostgreSQL's reason.
        case failed(String)
    }

    struct Asked: Sendable {
        let document: JSON
        /// By index, each with what it sees beside the document's members.
        var paths: [Int: (path: PathExpression, extra: JSON)] = [:]
    }

    private(set) var asked: [Group: Asked] = [:]
    private var answers: [Group: [Int: Answer]] = [:]

    package init() {}

    /// Returns the answer once it is known; until then it notes the question.
    ///
    /// - Parameters:
    ///   - index: tells the questions of a group apart.
    ///   - extra: an object whose members are added to the document for this question alone.
    package mutating func ask(
        _ path: PathExpression, _ group: Group, index: Int = 0, extra: JSON = [:], over document: () -> JSON
    ) -> Answer? {
        if let answer = answers[group]?[index] { return answer }
        if asked[group] == nil { asked[group] = Asked(document: document()) }
        asked[group]?.paths[index] = (path, extra)
        return nil
    }

    mutating func answer(_ group: Group, _ index: Int, _ answer: Answer) {
        answers[group, default: [:]][index] = answer
    }

    /// Called before the engine runs again: it asks again for what it still needs.
    mutating func forgetAsked() {
        asked.removeAll()
    }
}

/// What evaluating expressions may cost.
package struct ExpressionLimits: Sendable {
    /// How long one expression may take; it holds its task's rows meanwhile.
    package var timeout: Duration = .seconds(2)
    /// The most bytes, as JSON text, that one expression may find.
    package var maxBytes = 1_048_576
    /// How many expressions that depend on each other are evaluated in one transaction; a longer chain goes on in the
    /// next one.
    package var rounds = 64

    package init() {}
}

extension Store {
    /// Evaluates what the graphs ask, all of it in one statement, and lets `body` go on with those that asked, until
    /// no question is left. Without questions this does nothing.
    ///
    /// `body` is called again on graphs that it has changed already; what it has done then must stay done. A chain of
    /// questions that is longer than `ExpressionLimits.rounds` goes on in the task's next transaction.
    func answerQuestions<T>(
        _ connection: PostgresConnection, _ graphs: inout [TaskGraph], _ body: (inout [TaskGraph]) throws -> T
    ) async throws {
        for _ in 0..<expressionLimits.rounds {
            let asking = graphs.indices.filter { !graphs[$0].questions.asked.isEmpty }
            guard !asking.isEmpty else { return }
            var open = asking.map { graphs[$0] }
            try await answer(&open, connection)
            _ = try body(&open)
            for (index, graph) in zip(asking, open) { graphs[index] = graph }
        }
        for index in graphs.indices where !graphs[index].questions.asked.isEmpty { graphs[index].wakeAfter = .zero }
    }

    private func answer(_ graphs: inout [TaskGraph], _ connection: PostgresConnection) async throws {
        var documents: [JSON] = []
        var questions: [JSON] = []
        var places: [(graph: Int, group: Questions.Group, index: Int)] = []
        for graph in graphs.indices {
            for (group, asked) in graphs[graph].questions.asked {
                for (index, question) in asked.paths {
                    questions.append([
                        "document": .integer(Int64(documents.count)), "path": .string(question.path.text),
                        "extra": question.extra,
                    ])
                    places.append((graph, group, index))
                }
                documents.append(asked.document)
            }
            graphs[graph].questions.forgetAsked()
        }
        let timeout = String(Int64(expressionLimits.timeout / .milliseconds(1)))
        let results = try await connection.pipeline([
            """
            SELECT set_config('pressroom.statement_timeout', current_setting('statement_timeout'), true),
                   set_config('statement_timeout', \(timeout), true)
            """,
            """
            SELECT n, matches, error
              FROM pressroom.evaluate_paths(
                       \(JSON.array(documents))::jsonb, \(JSON.array(questions))::jsonb, \(expressionLimits.maxBytes))
            """,
            "SELECT set_config('statement_timeout', current_setting('pressroom.statement_timeout'), true)",
        ])
        for row in results[1] {
            let place = places[try row.decode("n", as: Int.self)]
            let answer: Questions.Answer =
                if let error = try row.decode("error", as: String?.self) {
                    .failed(error)
                } else {
                    Self.answer(row["matches"].bytes ?? [])
                }
            graphs[place.graph].questions.answer(place.group, place.index, answer)
        }
    }

    /// PostgreSQL computes with numbers that no document from outside may have.
    private static func answer(_ matches: [UInt8]) -> Questions.Answer {
        do {
            let limits = JSONLimits(depth: JSONLimits.stored.depth, digits: JSONLimits.made.digits)
            return .found(try JSON(parsing: matches, limits: limits).array ?? [])
        } catch {
            return .failed("What it finds cannot be used: \(error.reason).")
        }
    }

    /// What is wrong with the expressions of a definition: paths that PostgreSQL cannot read, and paths that read
    /// phases which do not come before them.
    package func expressionProblems(_ workflow: WorkflowDefinition) async throws -> [Problem] {
        let expressions = workflow.expressions
        guard !expressions.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT c.canonical, c.error
              FROM unnest(\(expressions.map(\.expression.text))::text[]) WITH ORDINALITY AS e (path, n)
             CROSS JOIN pressroom.check_path(e.path) AS c ORDER BY e.n
            """)
        return try zip(expressions, rows).compactMap { placed, row in
            if let error = try row.decode("error", as: String?.self) {
                return Problem(pointer: placed.pointer, detail: "is not a valid SQL/JSON path: \(error)")
            }
            return ExpressionReferences.problem(inCanonical: try row.decode("canonical"), visible: placed.visible)
                .map { Problem(pointer: placed.pointer, detail: $0) }
        }
    }
}
