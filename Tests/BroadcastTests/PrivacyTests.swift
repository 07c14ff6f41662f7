import Base
import Foundation
import NIOCore
import Postgres
import Store
import Testing
import TestSupport
import Workflow

@testable import Broadcast

@Suite("Streams of readers who do not see the whole tenant")
struct PrivacyTests {
    private static let workspace = UUID()
    private static let member = Sight(userID: "ada", workspaces: [workspace])

    /// A task of a public workflow in the workspace.
    private static func addTask(_ fixture: HubFixture) async throws -> UUID {
        let id = UUID()
        _ = try await fixture.store.write(HubFixture.scope) { connection in
            try await connection.query(
                """
                WITH place AS (
                    INSERT INTO pressroom.workspaces (tenant_id, id, name, created_by)
                    VALUES ('default', \(workspace), 'A', 'bob') ON CONFLICT DO NOTHING
                ), workflow AS (
                    INSERT INTO pressroom.workflows (tenant_id, workspace_id, name, version, version_sort, definition, is_public, created_by)
                    VALUES ('default', \(workspace), \(id.uuidString), '1.0.0', '1', '{}', true, 'bob') RETURNING id)
                INSERT INTO pressroom.tasks (tenant_id, task_id, workspace_id, workflow_id, workflow_name, workflow_version, context)
                SELECT 'default', \(id), \(workspace), workflow.id, \(id.uuidString), '1.0.0', '{}' FROM workflow
                """)
        }
        return id
    }

    private static func setPublic(_ isPublic: Bool, _ task: UUID, _ fixture: HubFixture) async throws {
        // By hand, past the service.
        let changed = try await fixture.client.query(
            "UPDATE pressroom.workflows SET is_public = \(isPublic) WHERE name = \(task.uuidString)")
        #expect(changed.affectedRows == 1)
    }

    @Test("a change of privacy ends their streams without any event, and leaves the others")
    func quietChange() async throws {
        try await HubFixture.with { fixture in
            let (task, other) = (try await Self.addTask(fixture), try await Self.addTask(fixture))
            let seen = try await TestStream(fixture, filter: StreamFilter(sight: Self.member), isRestricted: true)
            let ofTask = try await TestStream(fixture, filter: StreamFilter(taskIDs: [task]), isRestricted: true)
            let all = try await TestStream(fixture)
            try await fixture.addCustom(task)
            for stream in [seen, ofTask, all] { await stream.recording.wait { $0.contains { $0.type == "custom.test" } } }

            try await Self.setPublic(false, task, fixture)
            for stream in [seen, ofTask] {
                #expect(await stream.outcome == .finished)
                #expect(stream.recording.events.last?.type == "credentials_expired")
                #expect(stream.recording.events.last?.json["reason"] == "access")
            }
            // From its cursor on, and from the beginning, there is only what is seen now.
            let cursor = try #require(seen.recording.lastID.flatMap(Cursor.init))
            let again = try await TestStream(fixture, filter: StreamFilter(sight: Self.member), after: cursor, isRestricted: true)
            let head = try await fixture.head()
            let replay = try await TestStream(
                fixture, filter: StreamFilter(sight: Self.member), after: Cursor(epoch: head.epoch, position: 0), isRestricted: true)
            try await fixture.addCustom(task)
            try await fixture.addCustom(other)
            for stream in [again, replay] {
                await stream.recording.wait { $0.contains { $0.type == "custom.test" } }
                #expect(stream.recording.events.filter { $0.type == "custom.test" }.count == 1)
                #expect(stream.recording.events.allSatisfy { $0.json["task_id"]?.string != task.text })
                _ = await stream.disconnect()
            }
            await all.recording.wait { $0.filter { $0.type == "custom.test" }.count == 3 }
            #expect(!all.recording.events.contains { $0.type == "credentials_expired" })
            _ = await all.disconnect()
        }
    }

    @Test("a stream that was judged before a change does not begin after it")
    func lateBeginning() async throws {
        try await HubFixture.with { fixture in
            let task = try await Self.addTask(fixture)
            let all = try await TestStream(fixture)
            let before = try await fixture.head()
            try await Self.setPublic(false, task, fixture)
            // The hub learns of it with the next page.
            try await fixture.addCustom(task)
            await all.recording.wait { !$0.isEmpty }
            let late = try await TestStream(
                fixture, filter: StreamFilter(taskIDs: [task]), after: before.cursor, isRestricted: true, privacy: before.privacy)
            #expect(await late.outcome == .finished)
            #expect(late.recording.events.map(\.type) == ["credentials_expired"])
            _ = await all.disconnect()
        }
    }

    @Test("a text in progress comes when its task is known, and to those who see it")
    func texts() async throws {
        try await HubFixture.with { fixture in
            let task = try await Self.addTask(fixture)
            let seen = try await TestStream(fixture, filter: StreamFilter(sight: Self.member), isRestricted: true)
            let unseen = try await TestStream(
                fixture, filter: StreamFilter(sight: Sight(userID: "eve", workspaces: [])), isRestricted: true)
            let run = TextRun(stepID: UUID(), attempt: 1)
            for (offset, piece) in [(0, "one "), (4, "two")] {
                fixture.hub.publish(
                    .delta(
                        LiveDelta(
                            tenantID: HubFixture.tenantID, taskID: task, subject: .draft(task, version: 1), run: run,
                            offset: offset, text: piece)))
                fixture.hub.publish(
                    .delta(
                        LiveDelta(
                            tenantID: HubFixture.tenantID, taskID: task, subject: .answer(of: run), run: run, offset: offset,
                            text: piece)))
            }
            for type in ["output_delta", "step_delta"] {
                await seen.recording.wait { events in
                    events.filter { $0.type == type }.reduce("") {
                        $1.json["offset"]?.int == 0 ? $1.json["text"]?.string ?? "" : $0 + ($1.json["text"]?.string ?? "")
                    } == "one two"
                }
            }
            // An event that both see comes after.
            let own = try await fixture.addTask()
            try await fixture.addCustom(own)
            await unseen.recording.wait { $0.contains { $0.type == "custom.test" } }
            #expect(unseen.recording.events.allSatisfy { $0.json["task_id"]?.string == own.text })
            for stream in [seen, unseen] { _ = await stream.disconnect() }
        }
    }
}
