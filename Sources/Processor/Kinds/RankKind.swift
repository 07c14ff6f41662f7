import Foundation
import Store
import Workflow

/// Each judge orders all finalists on one ballot; the places earn points, which are added up.
///
/// The order in which a judge sees the finalists is drawn by lot, seeded by task and judge, and kept in the step.
struct RankKind: PhaseBehavior {
    let phase: RankPhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        guard engine.graph.steps(of: phaseID).isEmpty else { return }
        let finalists = engine.entrants(of: definition).map(\.id)
        guard !finalists.isEmpty else { return }
        for slug in phase.agents {
            guard let agent = engine.agent(slug) else { continue }
            let order = BallotOrder.shuffled(finalists, task: engine.graph.task.taskID, judge: slug)
            let stepID = engine.addStep(
                .rank, to: phaseID, definition, agent: slug,
                input: ["candidates": .array(order.map { .string($0.text) })])
            for outputID in finalists {
                engine.graph.evaluations.append(
                    EvaluationRow(
                        phaseID: phaseID, stepID: stepID, outputID: outputID, stage: phase.stage, evaluator: agent.json))
            }
        }
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard !engine.hasOpenSteps(phaseID) else { return nil }
        let evaluations = engine.graph.evaluations.filter { $0.phaseID == phaseID }
        guard evaluations.contains(where: { $0.status == .completed }) else {
            return .failed(engine.firstFailure(in: phaseID, code: "no_ballots", "No judge gave a readable ballot."))
        }
        return .completed(count(&engine, phaseID, evaluations))
    }

    /// Counts the ballots, puts totals and ranks on the outputs, writes the ranking, and answers the phase's output.
    private func count(_ engine: inout TaskEngine, _ phaseID: UUID, _ evaluations: [EvaluationRow]) -> JSON {
        let byStep = Dictionary(grouping: evaluations.filter { $0.status == .completed }, by: \.stepID)
        let ballots = byStep.values.map { votes in
            Ballot(
                judge: votes[0].evaluator["slug"]?.string ?? "",
                order: votes.sorted { ($0.rank ?? .max) < ($1.rank ?? .max) }.map(\.outputID))
        }
        let judged = Set(evaluations.map(\.outputID))
        let candidates = engine.graph.outputs.filter { judged.contains($0.id) }
        let initialScores = candidates.reduce(into: [UUID: Double]()) { $0[$1.id] = $1.initialAvgScore }
        let outcome = PointsBallot.aggregate(
            ballots: ballots, candidates: candidates.map(\.id), points: phase.points, initialScores: initialScores)
        for entry in outcome.entries {
            engine.graph.updateOutput(entry.outputID) { row in
                switch phase.stage {
                case .initial:
                    row.initialAvgScore = entry.avgScore
                    row.initialRank = entry.rank
                case .final:
                    row.finalTotalScore = entry.totalScore
                    row.finalRank = entry.rank
                }
            }
        }
        let entries = JSON.array(outcome.entries.map(\.json))
        let agreement = outcome.agreement.map(JSON.number) ?? .null
        engine.graph.newRankings.append(
            RankingRow(
                phaseID: phaseID, stage: phase.stage, method: phase.method.rawValue, entries: entries,
                agreement: outcome.agreement, evaluationsCounted: evaluations.count { $0.status == .completed },
                evaluationsFailed: evaluations.count { $0.status == .failed }))
        let ordered = outcome.entries.compactMap { engine.graph.output($0.outputID) }
        return ["outputs": .array(ordered.map(OutputSummary.json)), "ranking": entries, "agreement": agreement]
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .ballot(let order, let reasoning, let usage) = result else { return supersededNote }
        // The ballot is one call: its tokens stand on the first of its evaluations, so that sums over rows are right.
        var spent = usage.json
        engine.graph.updateEvaluations(of: step.id) { row in
            guard row.status == .processing, let place = order.firstIndex(of: row.outputID) else { return }
            row.status = .completed
            row.rank = place + 1
            row.weightedScore = place < phase.points.count ? phase.points[place] : 0
            row.reasoning = reasoning
            row.usage = spent
            row.error = nil
            spent = [:]
        }
        return ["ranking": .array(order.map { .string($0.text) }), "usage": usage.json]
    }

    func run(_ call: StepCall) async throws(ProviderError) -> StepResult {
        let order = call.step.input["candidates"]?.array?.compactMap { $0.string.flatMap(UUID.init(uuidString:)) } ?? []
        let texts = order.compactMap { id in call.material.outputs.first { $0.id == id }?.content }
        guard texts.count == order.count else { throw ProviderError(code: .invalidRequest, message: "A finalist is gone.") }
        let prompt =
            phase.prompt.map { [call.render($0), RankPrompt.candidates(texts), RankPrompt.answer(count: texts.count)] }?
            .joined(separator: "\n\n") ?? RankPrompt.text(texts: texts, assignment: call.assignment())
        let response = try await call.complete(prompt: prompt, schema: BallotSchema.response(count: texts.count))
        let (ballot, reasoning) = try BallotSchema.parse(response.text, candidates: order, judge: call.agent.slug)
        return .ballot(ballot.order, reasoning: reasoning, usage: response.usage)
    }
}
