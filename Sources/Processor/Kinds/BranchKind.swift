import Base
import Foundation
import Store
import Workflow

/// Chooses the phases of the first case that holds. Its output: `case`, from 0, null for none, and the ids `chosen`.
struct BranchKind: InstantBehavior {
    let phase: BranchPhase

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        // All cases are evaluated at once; those after the first that holds do not matter, even if they fail.
        var values: [Result<Bool?, StepFailure>] = []
        for (index, branchCase) in phase.cases.enumerated() {
            values.append(Result { () throws(StepFailure) in
                try engine.holds(branchCase.when, definition, .work, index: index)
            })
        }
        for (index, value) in values.enumerated() {
            switch value {
            case .success(nil): return nil
            case .success(true): return .completed(Self.output(index, phase.cases[index].then))
            case .success: continue
            case .failure(let failure): return .failed(failure)
            }
        }
        return .completed(Self.output(nil, phase.otherwise))
    }

    private static func output(_ index: Int?, _ chosen: [String]) -> JSON {
        ["case": index.map { .integer(Int64($0)) } ?? .null, "chosen": .array(chosen.map(JSON.string))]
    }

    /// The phases that a branch with this output chose.
    static func chosen(_ output: JSON?) -> Set<String> {
        Set(output?["chosen"]?.array?.compactMap(\.string) ?? [])
    }
}
