package import Base
package import Foundation
import Postgres
import Synchronization
package import Workflow

/// A published version of a workflow, with what is worked out of it once. It never changes.
package struct WorkflowVersion: Sendable {
    package let id: UUID
    package let definition: WorkflowDefinition
    /// All phases before a phase, near and far, by its key.
    package let ancestors: [String: Set<String>]
    private let compiledInput: Result<JSONSchema, any Error>

    private let maxInputBytes: Int

    /// - Parameter maxInputBytes: of a task's input with its defaults.
    package init(id: UUID, definition: WorkflowDefinition, maxInputBytes: Int = JSONSchema.maxBytes) {
        self.id = id
        self.maxInputBytes = maxInputBytes
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
    private let maxInputBytes: Int

    init(maxInputBytes: Int) {
        self.maxInputBytes = maxInputBytes
    }

    /// - Parameter read: reads the definition where it is not known; nil when the scope has no such version.
    func version(
        _ scope: Scope, _ id: UUID, _ read: () async throws -> WorkflowDefinition?
    ) async throws -> WorkflowVersion? {
        let key = Key(tenantID: scope.tenantID, id: id)
        if let version = versions.withLock({ $0[key] }) { return version }
        guard let definition = try await read() else { return nil }
        let version = WorkflowVersion(id: id, definition: definition, maxInputBytes: maxInputBytes)
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
        guard let version else {
            return StartRefusal(
                reason: .unknown, message: "The workflow \(name) has no active version.",
                problems: [Problem(pointer: "/workflow", detail: "has no active version")])
        }
        return StartRefusal(
            reason: .unknown, message: "\(version) is no version of the workflow \(name).",
            problems: [Problem(pointer: "/version", detail: "is no version of the workflow \(name)")])
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
    package func checkedInput(_ input: JSON) async throws -> JSON {
        let schema = try inputSchema
        do {
            return try await onConcurrentPool { [maxInputBytes] in
                let input = try schema.completed(input, at: "/input", maxBytes: maxInputBytes)
                let limit = JSONLimits.input.depth
                guard input.depth <= limit else { throw ProblemList("is nested deeper than \(limit)", at: "/input") }
                return input
            }
        } catch let list as ProblemList {
            throw StartRefusal(
                reason: .invalidInput,
                message: "The input does not fit \(definition.name) \(definition.version): "
                    + list.problems.prefix(5).map(\.description).joined(separator: "; ") + ".",
                problems: list.problems)
        }
    }
}

extension Store {
    /// A published version, whatever its status; nil when the scope has no such version.
    package func workflowVersion(_ scope: Scope, _ id: UUID) async throws -> WorkflowVersion? {
        try await workflowCache.version(scope, id) { try await workflowDefinition(scope, id: id) }
    }

    /// Published versions by their ids, whatever their status.
    ///
    /// - Throws: `StoreError` `notFound` when the scope has no such version.
    package func workflowVersions(_ scope: Scope, _ ids: some Sequence<UUID>) async throws -> [UUID: WorkflowVersion] {
        var versions: [UUID: WorkflowVersion] = [:]
        for id in ids {
            guard let version = try await workflowVersion(scope, id) else {
                throw StoreError(.notFound, "There is no workflow \(id.text).")
            }
            versions[id] = version
        }
        return versions
    }

    /// The versions that these tasks run, by their ids.
    package func workflowVersions(_ scope: Scope, ofTasks taskIDs: [UUID]) async throws -> [UUID: WorkflowVersion] {
        let rows = try await database.query(
            """
            SELECT DISTINCT workflow_id FROM pressroom.tasks
             WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(taskIDs)::uuid[])
            """)
        return try await workflowVersions(scope, rows.map { try $0.decode("workflow_id", as: UUID.self) })
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
        guard let view, let found = try await workflowVersion(scope, view.id) else {
            throw StartRefusal.unknown(name, version)
        }
        guard view.status == .active else { throw StartRefusal.notActive(name, view.version, view.status) }
        return found
    }
}
