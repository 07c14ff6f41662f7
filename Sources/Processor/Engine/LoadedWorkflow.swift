import Foundation
import Store
import Synchronization
import Workflow

/// A definition, with the ancestors of its phases computed once.
struct LoadedWorkflow: Sendable {
    let definition: WorkflowDefinition
    /// All phases before a phase, near and far.
    let ancestors: [String: Set<String>]

    init(_ definition: WorkflowDefinition) {
        self.definition = definition
        ancestors = PhaseAncestors(definition.phases).of
    }

    /// The phases of a kind before the given one, in the order of the definition.
    func ancestors(of id: String, kind: PhaseKind) -> [PhaseDefinition] {
        let before = ancestors[id] ?? []
        return definition.phases.filter { $0.kind == kind && before.contains($0.id) }
    }

    /// The edit phases that a draft of the given write phase goes through, one after the other: those that others need
    /// first, then in the order of the definition.
    func editPhases(after writePhase: String) -> [PhaseDefinition] {
        let phases = definition.phases.enumerated().filter { _, phase in
            phase.kind == .edit && ancestors[phase.id]?.contains(writePhase) == true
        }
        return phases.sorted { first, second in
            (ancestors[first.element.id]?.count ?? 0, first.offset) < (ancestors[second.element.id]?.count ?? 0, second.offset)
        }.map(\.element)
    }
}

/// Published versions never change, so each is loaded once. Bounded; the whole cache is dropped when full.
final class WorkflowCache: Sendable {
    private let store: Store
    private let loaded = Mutex<[UUID: LoadedWorkflow]>([:])
    private let capacity = 1_000

    init(store: Store) {
        self.store = store
    }

    /// The workflows of these tasks, by id.
    func workflows(_ scope: Scope, ofTasks taskIDs: [UUID]) async throws -> [UUID: LoadedWorkflow] {
        var loaded: [UUID: LoadedWorkflow] = [:]
        for id in try await store.workflowIDs(scope, taskIDs) { loaded[id] = try await workflow(scope, id) }
        return loaded
    }

    func workflow(_ scope: Scope, _ id: UUID) async throws -> LoadedWorkflow {
        if let known = loaded.withLock({ $0[id] }) { return known }
        let workflow = LoadedWorkflow(try await store.definition(scope, workflowID: id))
        loaded.withLock { loaded in
            if loaded.count >= capacity { loaded.removeAll() }
            loaded[id] = workflow
        }
        return workflow
    }
}
