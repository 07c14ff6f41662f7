import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// Random graphs either are refused with a reason or end as a simple interpreter predicts.
///
/// PRESSROOM_TEST_GRAPHS=n says how many (400); PRESSROOM_TEST_SEED=s repeats one that a failure has named.
@Suite("Random graphs", .timeLimit(.minutes(10)))
struct RandomGraphTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds: [UInt64] =
        if let seed = environment["PRESSROOM_TEST_SEED"].flatMap({ UInt64($0) }) {
            [seed]
        } else {
            (0..<(environment["PRESSROOM_TEST_GRAPHS"].flatMap { Int($0) } ?? 400)).map { _ in .random(in: 0 ... .max) }
        }
    private static let batch = 100
    private static let starts = Array(stride(from: 0, to: seeds.count, by: batch))

    @Test("End as predicted, or are refused", arguments: starts)
    func endAsPredicted(from start: Int) async throws {
        let graphs = Self.seeds[start..<min(start + Self.batch, Self.seeds.count)].map { RandomGraph(seed: $0) }
        try await withNewsroom { newsroom in
            var started: [(graph: RandomGraph, taskID: UUID)] = []
            for graph in graphs {
                guard let definition = try await accepted(graph, newsroom) else { continue }
                let id = UUIDv7.next()
                _ = try await newsroom.client.query(
                    """
                    INSERT INTO pressroom.workflows (tenant_id, id, name, version, version_sort, definition)
                    VALUES ('default', \(id), \(definition.name), '1.0.0', '1', \(definition.json)::jsonb)
                    """)
                let taskID = try await newsroom.start((id, definition), input: graph.input)
                for phase in graph.phases {
                    guard case .signal(let data) = phase.work else { continue }
                    for value in data { try await newsroom.store.addSignal(newsroom.scope, taskID: taskID, name: phase.id, data: value) }
                }
                started.append((graph, taskID))
            }
            var configuration = ProcessorConfiguration()
            configuration.poll = .milliseconds(20)
            try await newsroom.withProcessor(writers, configuration: configuration) { _ in
                try await newsroom.until {
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.tasks WHERE status NOT IN ('completed', 'failed', 'cancelled')") == 0
                }
            }
            for (graph, taskID) in started { try await check(graph, taskID, newsroom) }
        }
    }

    /// The definition of a sound graph; a damaged one must be refused, with a reason and a place.
    private func accepted(_ graph: RandomGraph, _ newsroom: Newsroom) async throws -> WorkflowDefinition? {
        var problems: [Problem] = []
        var definition: WorkflowDefinition?
        do {
            let read = try WorkflowDefinition(json: graph.definition)
            problems = try await newsroom.store.expressionProblems(read)
            definition = read
        } catch let list as ProblemList {
            problems = list.problems
        }
        let place = Comment(rawValue: "seed \(graph.seed), \(graph.flaw ?? "no flaw"): \(problems)")
        #expect(problems.isEmpty == (graph.flaw == nil), place)
        #expect(problems.allSatisfy { $0.pointer.hasPrefix("/phases/") && !$0.detail.isEmpty }, place)
        return problems.isEmpty ? definition : nil
    }

    /// The writer w2 fails twice and then writes.
    private var writers: ScriptedModel {
        ScriptedModel { call throws(ProviderError) in
            guard let failures = Int(call.agent.dropFirst()), call.repetition <= failures else { return call.soundAnswer }
            throw ProviderError(code: .unavailable, message: "failure \(call.repetition)")
        }
    }

    private func check(_ graph: RandomGraph, _ taskID: UUID, _ newsroom: Newsroom) async throws {
        let expected = NaiveInterpreter(graph)
        let place = "seed \(graph.seed)"
        #expect(try await newsroom.status(taskID) == expected.taskStatus, "\(place)\n\(graph.definition)")
        let rows = try await newsroom.client.query(
            """
            SELECT p.key, p.status, p.iteration, p.error ->> 'code' AS code, p.output::text AS output,
                   (SELECT coalesce(sum(s.attempt), 0) FROM pressroom.steps s WHERE s.phase_id = p.id) AS attempts,
                   (SELECT count(*) FROM pressroom.steps s WHERE s.phase_id = p.id
                       AND s.status IN ('pending', 'running', 'waiting', 'retrying')) AS open,
                   -- No step of it is older than the end of what it needs.
                   (SELECT count(*) FROM pressroom.steps s JOIN pressroom.phases n ON n.task_id = p.task_id
                      WHERE s.phase_id = p.id AND n.key = ANY(p.needs) AND s.created_at < n.completed_at) AS early
              FROM pressroom.phases p WHERE p.task_id = \(taskID)
            """)
        #expect(rows.count == graph.phases.count)
        for row in rows {
            let key = try row.decode("key", as: String.self)
            let written = try row.decode("output", as: String?.self).map { try JSON(parsing: $0) }
            let end = NaiveInterpreter.End(
                status: try row.decode("status"), code: try row.decode("code"), output: written.map(comparable),
                iteration: try row.decode("iteration"), attempts: try row.decode("attempts"))
            // A column does not tell null from nothing.
            var predicted = expected.ends[key]
            let output: JSON? = predicted?.output.flatMap { $0 == .null ? JSON?.none : comparable($0) }
            predicted?.output = output
            #expect(end == predicted, "\(place), phase \(key)\n\(graph.definition)\n\(graph.input)")
            #expect(try row.decode("open", as: Int.self) == 0, "\(place), phase \(key)")
            #expect(try row.decode("early", as: Int.self) == 0, "\(place), phase \(key)")
        }
    }

    /// What is predicted of an output, wherever it was copied to: of drafts their number, of an answer who gave it, of a
    /// list's errors their places.
    private func comparable(_ output: JSON) -> JSON {
        if let elements = output.array { return .array(elements.map(comparable)) }
        guard let members = output.object else { return output }
        if let agent = members["agent"] { return ["agent": agent] }
        if let wait = members["for"] { return ["for": wait] }
        if let drafts = members["outputs"]?.array { return ["drafts": .integer(Int64(drafts.count))] }
        guard let items = members["items"]?.array, let errors = members["errors"]?.array else {
            return .object(members.mapValues(comparable))
        }
        return ["items": .array(items.map(comparable)), "errors": .array(errors.map { $0["index"] ?? $0 })]
    }
}
