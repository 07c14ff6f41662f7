package import Base
package import Foundation
import Synchronization
package import Workflow

/// A published version of a workflow, with what is worked out of it once. It never changes.
package struct WorkflowVersion: Sendable {
    package let id: UUID
    package let definition: WorkflowDefinition
    /// All phases before a phase, near and far, by its key.
    package let ancestors: [String: Set<String>]
    private let compiledInput: Result<JSONSchema, any Error>

    init(id: UUID, _ definition: WorkflowDefinition) {
        self.id = id
        self.definition = definition
        ancestors = PhaseAncestors(definition.phases).of
        compiledInput = Result { try JSONSchema(definition.input) }
    }

    /// The schema of a task's input.
    ///
    /// - Throws: the schema's error, where the row was not written by the service, which checks it.
    package var inputSchema: JSONSchema {
        get throws { try compiledInput.get() }
    }
}

/// Published versions, each read and worked out once. A node needs one, and `Store` has it.
final class WorkflowVersionCache: Sendable {
    private struct Key: Hashable {
        let tenantID: String
        let id: UUID
    }

    /// When there are more, all are forgotten: a node rarely runs as many.
    private static let capacity = 1_000

    private let versions = Mutex<[Key: WorkflowVersion]>([:])

    /// - Parameter read: reads the definition where it is not known; nil when the scope has no such version.
    func version(
        _ scope: Scope, _ id: UUID, _ read: () async throws -> WorkflowDefinition?
    ) async throws -> WorkflowVersion? {
        let key = Key(tenantID: scope.tenantID, id: id)
        if let version = versions.withLock({ $0[key] }) { return version }
        guard let definition = try await read() else { return nil }
        let version = WorkflowVersion(id: id, definition)
        versions.withLock { versions in
            if versions.count >= Self.capacity { versions.removeAll() }
            versions[key] = version
        }
        return version
    }
}

/// Why no task of a workflow can be started.
package struct StartRefusal: Error, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// There is no such version; without a version in the request: no active one.
        case unknown
        /// The version is not active.
        case notActive(WorkflowStatus)
        /// The input does not fit the workflow's schema.
        case invalidInput
    }

    package let reason: Reason
    package let message: String
    /// Where in the request: pointers `/workflow`, `/version`, or below `/input`.
    package let problems: [Problem]

    static func unknown(_ name: String, _ version: String?) -> StartRefusal {
        let problem =
            version.map { Problem(pointer: "/version", detail: "\($0) is no version of \(name)") }
            ?? Problem(pointer: "/workflow", detail: "\(name) is no workflow with an active version")
        return StartRefusal(
            reason: .unknown, message: "There is no such workflow: \(problem.detail).", problems: [problem])
    }

    static func notActive(_ name: String, _ version: String, _ status: WorkflowStatus) -> StartRefusal {
        StartRefusal(
            reason: .notActive(status),
            message: "Version \(version) of the workflow \(name) is \(status.rawValue) and cannot be started.",
            problems: [Problem(pointer: "/version", detail: "is \(status.rawValue) and cannot be started")])
    }
}

extension WorkflowVersion {
    /// A task's input with the schema's defaults filled in.
    ///
    /// - Throws: `StartRefusal` when it does not fit the schema; the schema's error.
    package func checkedInput(_ input: JSON) throws -> JSON {
        let schema = try inputSchema
        let input = schema.applyingDefaults(to: input)
        let problems = schema.validate(input, at: "/input")
        guard problems.isEmpty else {
            throw StartRefusal(
                reason: .invalidInput,
                message: "The input does not fit \(definition.name) \(definition.version): "
                    + problems.prefix(5).map(\.description).joined(separator: "; ") + ".",
                problems: problems)
        }
        return input
    }
}

extension Store {
    /// A published version, whatever its status; nil when the scope has no such version.
    package func workflowVersion(_ scope: Scope, _ id: UUID) async throws -> WorkflowVersion? {
        try await workflowCache.version(scope, id) { try await workflowDefinition(scope, id: id) }
    }

    /// The version of a workflow that a new task runs, whether a request, a schedule or a step starts it.
    ///
    /// - Parameter version: nil for the latest active one.
    /// - Throws: `StartRefusal` when there is none, or it is not active.
    package func startableWorkflow(_ scope: Scope, _ name: String, version: String?) async throws -> WorkflowVersion {
        let view =
            if let version {
                try await workflow(scope, name: name, version: version)
            } else {
                try await latestWorkflow(scope, name: name)
            }
        guard let view, let found = try await workflowVersion(scope, view.id) else { throw StartRefusal.unknown(name, version) }
        guard view.status == .active else { throw StartRefusal.notActive(name, view.version, view.status) }
        return found
    }
}

/// Definitions with their input schemas, out of the store's cache.
package struct DefinitionCache: Sendable {
    package struct Entry: Sendable {
        package let definition: WorkflowDefinition
        package let input: JSONSchema
    }

    package init() {}

    /// Nil when the scope has no such version.
    package func entry(_ store: Store, _ scope: Scope, id: UUID) async throws -> Entry? {
        guard let version = try await store.workflowVersion(scope, id) else { return nil }
        return Entry(definition: version.definition, input: try version.inputSchema)
    }
}
