import Base
import Foundation
import Store
import Workflow

/// A kind whose phase does one piece of work, in one step. The step's output is the phase's.
protocol SingleStepBehavior: PhaseBehavior {
    /// The step that does the work: `pending` when a processor is to run it, `waiting` when something else ends it.
    /// - Parameter given: what the step is for, as its input will have it: `item` and `index` of a list, `iteration`.
    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep

    /// Called for each open step whenever the task moves. Kinds that wait end their steps here.
    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition)
}

extension SingleStepBehavior {
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        guard let phase = engine.graph.phase(definition.id) else { return }
        // A wait that ends frees capacity for the next one.
        repeat { tendSteps(&engine, phase, definition) } while addSteps(&engine, phase, definition)
        let open = engine.graph.currentSteps(of: phase).filter { !$0.status.isTerminal }
        engine.graph.updatePhase(phaseID) { row in
            if open.onlyWait, row.status == .running { row.status = .waiting }
        }
    }

    /// Tends the open steps. Waits that a pause or a retry has put back begin anew, as many at once as the phase's
    /// concurrency allows.
    private func tendSteps(_ engine: inout TaskEngine, _ phase: PhaseRow, _ definition: PhaseDefinition) {
        let open = engine.graph.currentSteps(of: phase).filter { !$0.status.isTerminal }
        for step in open where !step.isWithdrawnWait { tend(&engine, step, definition) }
        for step in open where step.isWithdrawnWait {
            if let limit = definition.concurrency {
                let begun = engine.graph.currentSteps(of: phase).count { !$0.status.isTerminal && !$0.isWithdrawnWait }
                if begun >= limit { return }
            }
            tend(&engine, step, definition)
        }
    }

    /// Adds the step of this run, or one for each element of the list, as many at once as the phase's concurrency allows.
    /// Returns whether there are new ones.
    private func addSteps(_ engine: inout TaskEngine, _ phase: PhaseRow, _ definition: PhaseDefinition) -> Bool {
        let steps = engine.graph.currentSteps(of: phase)
        let items = phase.items
        guard steps.count < items?.count ?? 1 else { return false }
        let limit = definition.concurrency ?? .max
        var open = steps.count { !$0.status.isTerminal }
        var isNew = false
        for index in steps.count..<(items?.count ?? 1) where open < limit {
            var given: JSONObject = [:]
            if let items {
                given["item"] = items[index]
                given["index"] = .integer(Int64(index))
            }
            if definition.repeats != nil { given["iteration"] = .integer(Int64(phase.iteration)) }
            var new = step(&engine, phase.id, definition, given: .object(given))
            new.input = .object((new.input.object ?? [:]).merging(given) { _, given in given })
            engine.addStep(new, to: phase.id, definition)
            open += 1
            isNew = true
        }
        return isNew
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {}

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard let phase = engine.graph.phase(definition.id) else { return nil }
        let steps = engine.graph.currentSteps(of: phase)
        guard steps.count >= phase.items?.count ?? 1, steps.allSatisfy(\.status.isTerminal) else { return nil }
        if phase.items != nil {
            return ItemResult.conclusion(steps.sorted { $0.index < $1.index }.map(ItemResult.init), definition)
        }
        guard let step = steps.last else { return nil }
        guard step.status == .completed else {
            return .failed(
                StepFailure(
                    code: step.error?["code"]?.string ?? "step_\(step.status)",
                    message: step.error?["message"]?.string ?? "The step of the phase was \(step.status).",
                    isRetryable: false))
        }
        return .completed(step.output ?? .null)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .value(let value, _) = result else { return supersededNote }
        return value
    }

    /// Steps that wait are ended by `tend`, never by a run.
    func run(_ run: StepRun) async throws -> StepResult {
        throw run.hasNoRun
    }
}

extension StepRow {
    /// A wait that has to begin anew: no processor claims it.
    fileprivate var isWithdrawnWait: Bool { kind.isWait && status == .pending }
}

extension ItemResult {
    init(_ step: StepRow) {
        self =
            if step.status == .completed {
                .completed(step.output ?? .null)
            } else {
                .failed(step.error ?? ["code": .string("step_\(step.status)"), "message": .string("The step was \(step.status).")])
            }
    }
}

/// The result of one element of a list.
enum ItemResult {
    case completed(JSON)
    /// With the error, as on a row.
    case failed(JSON)

    /// How the phase ended: with `items` in the order of the list. Under `on_failure: continue` a failed element is null in
    /// `items`, and `errors` has its reason and `index`; otherwise the first failure fails the phase.
    static func conclusion(_ results: [ItemResult], _ definition: PhaseDefinition) -> PhaseConclusion {
        var items: [JSON] = []
        var errors: [JSON] = []
        for (index, result) in results.enumerated() {
            switch result {
            case .completed(let output):
                items.append(output)
            case .failed(let error):
                guard definition.onFailure == .continue else {
                    return .failed(
                        StepFailure(
                            code: error["code"]?.string ?? "item_failed",
                            message: "Item \(index + 1): \(error["message"]?.string ?? "It failed.")", isRetryable: false))
                }
                items.append(.null)
                errors.append([
                    "index": .integer(Int64(index)), "code": error["code"] ?? .null, "message": error["message"] ?? .null,
                ])
            }
        }
        return .completed(["items": .array(items), "errors": .array(errors)])
    }
}
