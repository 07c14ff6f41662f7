import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// Schedules and sub-tasks have no sender: they run with the rights of their workspace.
@Suite("Rights of workspaces", .limit(minutes: 3))
struct WorkspaceRightsTests {
    private struct Place: Sendable {
        let newsroom: Newsroom
        let a: UUID
        let b: UUID

        func publish(
            _ name: String, in workspace: UUID?, isPublic: Bool = true, by creator: String = "ann", phases: String
        ) async throws -> (UUID, WorkflowDefinition) {
            let definition = try WorkflowDefinition.parse(
                "name: \(name)\nversion: 1.0.0\nphases: [\(phases)]", format: .yaml)
            let id = UUIDv7.next()
            _ = try await newsroom.client.query(
                """
                INSERT INTO pressroom.workflows (tenant_id, id, workspace_id, name, version, version_sort, definition, is_public, created_by)
                VALUES ('default', \(id), \(workspace)::uuid, \(name), '1.0.0', '1', \(definition.json)::json, \(isPublic), \(creator))
                """)
            return (id, definition)
        }
    }

    private func withWorkspaces(_ body: @escaping @Sendable (Place) async throws -> Void) async throws {
        try await withNewsroom { newsroom in
            let a = try await newsroom.store.createWorkspace(newsroom.scope, name: "A", description: nil).id
            let b = try await newsroom.store.createWorkspace(newsroom.scope, name: "B", description: nil).id
            try await body(Place(newsroom: newsroom, a: a, b: b))
        }
    }

    private static let log = "{id: say, kind: log, message: hello}"

    @Test("A sub-task is of what its parent's workspace and its author see")
    func subtasks() async throws {
        try await withWorkspaces { place in
            for (name, workspace, isPublic, creator) in [
                ("open-a", place.a, true, "bob"), ("own-a", place.a, false, "ann"), ("others-a", place.a, false, "bob"),
                ("open-b", place.b, true, "ann"), ("tenants", nil, false, "bob"),
            ] as [(String, UUID?, Bool, String)] {
                _ = try await place.publish(name, in: workspace, isPublic: isPublic, by: creator, phases: Self.log)
            }
            try await place.newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                for (parent, workspace, seen) in [
                    ("in-a", place.a, ["open-a", "own-a", "tenants"]), ("in-none", nil, ["tenants"]),
                ] as [(String, UUID?, [String])] {
                    for child in ["open-a", "own-a", "others-a", "open-b", "tenants"] {
                        let workflow = try await place.publish(
                            "\(parent)-\(child)", in: workspace, phases: "{id: sub, kind: workflow, name: \(child)}")
                        let task = try await place.newsroom.start(workflow)
                        let isSeen = seen.contains(child)
                        #expect(try await place.newsroom.waitForEnd(task) == (isSeen ? "completed" : "failed"), "\(parent) \(child)")
                        if !isSeen {
                            let code = try await place.newsroom.text(
                                "SELECT error ->> 'code' FROM pressroom.tasks WHERE task_id = \(task)")
                            #expect(code == "unknown_workflow")
                        }
                    }
                }
            }
            // Each task is in its own workflow's workspace, whatever its parent is in.
            let misplaced = try await place.newsroom.count(
                """
                SELECT count(*) FROM pressroom.tasks t JOIN pressroom.workflows w ON w.id = t.workflow_id
                 WHERE t.workspace_id IS DISTINCT FROM w.workspace_id
                """)
            #expect(misplaced == 0)
        }
    }

    @Test("A schedule starts what is public in its workspace, and what its owner has made, also when the owner has left")
    func schedules() async throws {
        try await withWorkspaces { place in
            for (name, workspace, isPublic, creator) in [
                ("open-a", place.a, true, "bob"), ("own-a", place.a, false, "local"), ("others-a", place.a, false, "bob"),
                ("tenants", nil, false, "bob"),
            ] as [(String, UUID?, Bool, String)] {
                _ = try await place.publish(name, in: workspace, isPublic: isPublic, by: creator, phases: Self.log)
                // `local` is a member of no workspace.
                let id = try await place.newsroom.addSchedule(name, input: [:])
                try await place.newsroom.fireAll()
                try await place.newsroom.makeDue(id)
                try await place.newsroom.fireAll()
                let row = try await place.newsroom.schedule(id)
                if name == "others-a" {
                    #expect(row["last_task_id"] == .null && row["last_error"]?["code"] == "workflow_not_found", "\(row)")
                } else {
                    #expect(row["last_task_id"]?.string != nil && row["last_error"] == .null, "\(name): \(row)")
                    let placed = try await place.newsroom.text("SELECT workspace_id::text FROM pressroom.tasks WHERE workflow_name = \(name)")
                    #expect(placed == (workspace?.text ?? ""))
                }
            }
        }
    }
}
