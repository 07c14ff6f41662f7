import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// Random graphs either are refused with a reason or end as a simple interpreter predicts, whatever is done to their tasks
/// on the way.
///
/// PRESSROOM_TEST_GRAPHS=n says how many (400); PRESSROOM_TEST_SEED=s repeats one that a failure has named.
@Suite("Random graphs", .limit(minutes: 3))
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
            _ = try await newsroom.publish(RandomGraph.subtask)
            let others = RandomServices()
            let tasks = RandomTasks(newsroom, others.fates)
            for graph in graphs {
                guard let definition = try await accepted(graph, newsroom) else { continue }
                try await tasks.start(graph, definition)
            }
            var configuration = ProcessorConfiguration()
            configuration.poll = .milliseconds(20)
            // On a machine that is busy no run of a step is given up for lost, which would be one more than is predicted.
            configuration.leaseTimeout = .seconds(600)
            try await newsroom.withProcessor(others.services, configuration: configuration) { _ in
                try await newsroom.until { try await tasks.goOn() }
            }
            for task in await tasks.started { try await check(task, newsroom) }
            try await checkInvariants(newsroom)
        }
    }

    @Test("Have phases of every kind")
    func everyKind() throws {
        let graphs = (0..<300).map { RandomGraph(seed: $0) }
        let kinds = graphs.flatMap { $0.definition["phases"]?.array ?? [] }.compactMap { $0["kind"]?.string }
        let own = kinds.contains("test.random") ? ["custom"] : []
        #expect(Set(kinds + own).isSuperset(of: PhaseKind.allCases.map(\.rawValue)))
        let ends = graphs.filter { $0.flaw == nil }.map { NaiveInterpreter($0) }
        #expect(ends.contains { $0.life > 0 && $0.taskStatus == "completed" })
        #expect(ends.contains { $0.taskStatus == "failed" })
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

    private func check(_ task: RandomTasks.Started, _ newsroom: Newsroom) async throws {
        let graph = task.graph
        let expected = NaiveInterpreter(graph)
        let status = try await newsroom.status(task.taskID)
        let place = "seed \(graph.seed), \(status) after \(task.pauses) pauses and \(graph.disturbance.retries - task.retries) retries"
        let isCancelled = status == "cancelled" && graph.disturbance.cancelAt != nil
        #expect(isCancelled || status == expected.taskStatus, "\(place)\n\(graph.definition)\n\(graph.input)")
        let rows = try await newsroom.client.query(
            """
            SELECT p.key, p.status, p.iteration, p.error ->> 'code' AS code,
                   pressroom.phase_output(p)::text AS output,
                   (SELECT coalesce(sum(s.attempt), 0) FROM pressroom.steps s WHERE s.phase_id = p.id) AS attempts,
                   (SELECT count(*) FROM pressroom.evaluations e WHERE e.phase_id = p.id AND e.status = 'completed') AS verdicts,
                   (SELECT count(*) FROM pressroom.evaluations e WHERE e.phase_id = p.id AND e.status = 'failed') AS failed_verdicts,
                   -- No step of it is older than the end of what it needs, but for those that take up one draft after the other.
                   (SELECT count(*) FROM pressroom.steps s JOIN pressroom.phases n ON n.task_id = p.task_id
                      WHERE s.phase_id = p.id AND n.key = ANY(p.needs) AND s.created_at < n.completed_at
                        AND p.kind NOT IN ('edit', 'evaluate')) AS early
              FROM pressroom.phases p WHERE p.task_id = \(task.taskID)
            """)
        #expect(rows.count == graph.phases.count)
        for row in rows {
            let key = try row.decode("key", as: String.self)
            #expect(try row.decode("early", as: Int.self) == 0, "\(place), phase \(key)")
            let written = try row.decode("output", as: String?.self).map { try JSON(parsing: $0) }
            var end = NaiveInterpreter.End(
                status: try row.decode("status"), code: try row.decode("code"), output: written.map(comparable),
                iteration: try row.decode("iteration"), attempts: try row.decode("attempts"),
                verdicts: try row.decode("verdicts"), failedVerdicts: try row.decode("failed_verdicts"))
            if isCancelled, end.status == "cancelled" { continue }
            // A column does not tell null from nothing.
            var predicted = expected.ends[key]
            let output: JSON? = predicted?.output.flatMap { $0 == .null ? JSON?.none : comparable($0) }
            predicted?.output = output
            if graph.disturbance.isRough {
                end.attempts = 0
                predicted?.attempts = 0
            }
            #expect(end == predicted, "\(place), phase \(key)\n\(graph.definition)\n\(graph.input)")
        }
        if !isCancelled { try await checkDrafts(task, expected, newsroom, place) }
    }

    private func checkDrafts(
        _ task: RandomTasks.Started, _ expected: NaiveInterpreter, _ newsroom: Newsroom, _ place: String
    ) async throws {
        let rows = try await newsroom.client.query(
            """
            SELECT concat_ws(' ', track, status, version_number, edit_cycle, is_finalist, coalesce(initial_rank::text, '-'),
                   coalesce(final_rank::text, '-')) AS text
              FROM pressroom.outputs WHERE task_id = \(task.taskID)
            """)
        let drafts = Set(try rows.map { try $0.decode("text", as: String.self) })
        let predicted = expected.drafts.map { draft in
            let ranks = [draft.initialRank, draft.finalRank].map { $0.map { String($0) } ?? "-" }
            let words = [
                draft.track, expected.status(of: draft), "\(draft.texts)", "\(draft.cycles)", draft.isFinalist ? "t" : "f",
            ]
            return (words + ranks).joined(separator: " ")
        }
        #expect(drafts == Set(predicted), "\(place)\n\(task.graph.definition)")
    }

    private func checkInvariants(_ newsroom: Newsroom) async throws {
        let root = URL(fileURLWithPath: PostgresTestDirectory.migrations).deletingLastPathComponent().path
        let script = try String(contentsOfFile: root + "/checks/invariants.sql", encoding: .utf8)
        let report = try await newsroom.store.checkInvariants(script: script, tasks: .all, grace: .seconds(5))
        for broken in report.broken { Issue.record("\(broken.name): \(broken.samples.joined(separator: "; "))") }
    }

    /// What is predicted of an output, wherever it was copied to: of drafts their tracks, of an answer who gave it, of a
    /// list's errors their places, of a sub-task what it came to.
    private func comparable(_ output: JSON) -> JSON {
        if let elements = output.array { return .array(elements.map(comparable)) }
        guard let members = output.object else { return output }
        if let agent = members["agent"] { return ["agent": agent] }
        if let wait = members["for"] { return ["for": wait] }
        if let drafts = members["outputs"]?.array {
            var kept: JSONObject = ["outputs": .array(drafts.map { $0["track"] ?? .null })]
            if let ranking = members["ranking"]?.array { kept["ranking"] = .array(ranking.map { $0["rank"] ?? .null }) }
            return .object(kept)
        }
        if let items = members["items"]?.array, let errors = members["errors"]?.array {
            return ["items": .array(items.map(comparable)), "errors": .array(errors.map { $0["index"] ?? $0 })]
        }
        return .object(members.filter { $0.key != "task_id" }.mapValues(comparable))
    }
}
