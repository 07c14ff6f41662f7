import Foundation
import Postgres
package import Workflow

extension Store {
    /// Evaluates what the graphs ask, all of it in one statement, and lets `body` go on with those that asked, until
    /// nothing is asked any more. Without questions this does nothing.
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
                    .found(try row.json("matches")?.array ?? [])
                }
            graphs[place.graph].questions.answer(place.group, place.index, answer)
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
