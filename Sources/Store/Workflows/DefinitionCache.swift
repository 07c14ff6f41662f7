package import Foundation
import Synchronization
package import Workflow

/// Published definitions, read and compiled once: they never change.
package final class DefinitionCache: Sendable {
    package struct Entry: Sendable {
        package let definition: WorkflowDefinition
        package let input: JSONSchema
    }

    private struct Key: Hashable {
        let tenantID: String
        let id: UUID
    }

    /// When there are more, all are forgotten: a node rarely runs as many.
    private static let capacity = 256

    private let entries = Mutex<[Key: Entry]>([:])

    package init() {}

    /// Nil when the scope has no such version.
    package func entry(_ store: Store, _ scope: Scope, id: UUID) async throws -> Entry? {
        let key = Key(tenantID: scope.tenantID, id: id)
        if let entry = entries.withLock({ $0[key] }) { return entry }
        guard let definition = try await store.workflowDefinition(scope, id: id) else { return nil }
        let entry = Entry(definition: definition, input: try JSONSchema(definition.input))
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll() }
            entries[key] = entry
        }
        return entry
    }
}
