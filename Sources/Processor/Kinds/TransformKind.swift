import Base
import Foundation
import Store
import Workflow

/// Its output is what its expression finds.
struct TransformKind: InstantBehavior {
    let phase: TransformPhase

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard let items = engine.graph.phase(definition.id)?.items else {
            do throws(StepFailure) {
                return try engine.find(phase.expression, definition, .work).map { .completed(value(of: $0)) }
            } catch {
                return .failed(error)
            }
        }
        var results: [ItemResult?] = []
        for (index, item) in items.enumerated() {
            do throws(StepFailure) {
                let found = try engine.find(phase.expression, definition, .work, index: index, item: item)
                results.append(found.map { .completed(value(of: $0)) })
            } catch {
                results.append(.failed(error.json))
            }
        }
        let known = results.compactMap(\.self)
        return known.count == items.count ? ItemResult.conclusion(known, definition) : nil
    }

    private func value(of found: [JSON]) -> JSON {
        phase.isList || found.count > 1 ? .array(found) : found.first ?? .null
    }
}
