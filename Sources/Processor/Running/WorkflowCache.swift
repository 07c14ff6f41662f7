import Foundation
import Store
import Synchronization
import Workflow

/// Published versions never change, so each is read and worked out once. Bounded; the whole is dropped when full.
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
