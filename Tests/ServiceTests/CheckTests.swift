import Base
import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Store
import TestSupport
import Testing
import Workflow

/// `pressroom doctor --check`: silent while all is well, and every invariant is seen to be broken.
@Suite struct CheckTests {
    /// What breaks an invariant: rows that no client could write, with the triggers off.
    private struct Damage: Sendable {
        let invariant: String
        let sql: String
    }

    private static let someStep = "(SELECT id FROM pressroom.steps WHERE kind = 'write' ORDER BY id LIMIT 1)"
    private static let held = "(SELECT task_id FROM pressroom.tasks WHERE workflow_name = 'held')"
    private static let done = "(SELECT task_id FROM pressroom.tasks WHERE workflow_name = 'editorial')"
    private static let forked = "(SELECT task_id FROM pressroom.tasks WHERE forked_from_task_id IS NOT NULL)"
    private static let waitingParent = "(SELECT task_id FROM pressroom.tasks WHERE workflow_name = 'parent' AND status = 'waiting')"
    private static let doneParent = "(SELECT task_id FROM pressroom.tasks WHERE workflow_name = 'parent' AND status = 'completed')"
    private static let old = "now() - interval '1 day'"

    private static let fourHoursAgo = "now() - interval '4 hours'"

    /// A sum that was made just now: after all tasks were deleted that are.
    private static func sums(hoursAgo: Int, calls: Int) -> String {
        """
        INSERT INTO pressroom.usage_hours (tenant_id, hour, workflow_name, workflow_version, agent, calls, durations, updated_at)
        VALUES ('default', date_trunc('hour', now() - interval '\(hoursAgo) hours', 'UTC'), 'editorial', '1.0.0', 'warm', \(calls),
                array_fill(0, ARRAY[23]) || \(calls), now() + interval '2 minutes')
        """
    }

    private static let damages: [Damage] = [
        .init(invariant: "every_tenant_has_a_log", sql: "INSERT INTO pressroom.tenants (tenant_id) VALUES ('mute')"),
        .init(invariant: "positions_have_no_gaps", sql: "DELETE FROM pressroom.events WHERE type = 'finalists_selected'"),
        .init(
            invariant: "positions_have_no_gaps",
            sql: "DELETE FROM pressroom.events WHERE position = (SELECT max(position) FROM pressroom.events)"),
        .init(invariant: "positions_have_no_gaps", sql: "UPDATE pressroom.stream_heads SET position = position + 1"),
        .init(
            invariant: "no_change_waits_for_its_event",
            sql: """
                INSERT INTO pressroom.pending_events (tenant_id, task_id, type, payload)
                SELECT tenant_id, task_id, 'task_updated', '{}' FROM pressroom.tasks LIMIT 1
                """),
        .init(invariant: "events_belong_to_tasks", sql: "DELETE FROM pressroom.tasks WHERE task_id = \(done)"),
        .init(invariant: "events_belong_to_tasks", sql: "UPDATE pressroom.events SET task_id = NULL WHERE type = 'finalists_selected'"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.outputs SET content = content || '!'"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.tasks SET priority = 5"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.phases SET iteration = 5"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.steps SET priority = 5"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.evaluations SET reasoning = ''"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.rankings SET method = 'dice'"),
        .init(invariant: "rows_equal_their_last_events", sql: "UPDATE pressroom.output_versions SET feedback = 'later'"),
        .init(invariant: "rows_equal_their_last_events", sql: "DELETE FROM pressroom.events WHERE type = 'ranking_updated'"),
        .init(invariant: "rows_that_were_told_are_there", sql: "DELETE FROM pressroom.evaluations"),
        .init(
            invariant: "every_version_has_one_event",
            sql: """
                DELETE FROM pressroom.events
                 WHERE type = 'task_updated' AND (payload -> 'task' ->> 'version') = '2'
                """),
        .init(
            invariant: "transitions_are_legal",
            sql: """
                UPDATE pressroom.events SET payload = jsonb_set(payload::jsonb, '{task,status}', '"completed"')::json
                 WHERE position = 1
                """),
        .init(
            invariant: "rows_begin_as_they_may",
            sql: """
                UPDATE pressroom.events SET payload = jsonb_set(payload::jsonb, '{output,status}', '"approved"')::json
                 WHERE type = 'output_updated' AND payload -> 'output' ->> 'version' = '1'
                """),
        .init(
            invariant: "an_attempt_runs_once",
            sql: """
                UPDATE pressroom.events SET payload = jsonb_set(payload::jsonb, '{step,status}', '"retrying"')::json
                 WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'running';
                UPDATE pressroom.events SET payload = jsonb_set(payload::jsonb, '{step,status}', '"running"')::json
                 WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'completed';
                INSERT INTO pressroom.events
                SELECT tenant_id, position + 100000, task_id, conversation_id, type, payload, actor, created_at
                  FROM pressroom.events WHERE type = 'step_updated';
                """),
        .init(
            invariant: "results_come_from_who_holds_the_step",
            sql: """
                UPDATE pressroom.events SET actor = 'processor:' || gen_random_uuid()
                 WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'completed'
                """),
        .init(
            invariant: "running_steps_have_a_live_processor",
            sql: "UPDATE pressroom.steps SET status = 'running', processor_id = gen_random_uuid(), updated_at = \(old) WHERE id = \(someStep)"),
        .init(
            invariant: "running_steps_belong_to_running_tasks",
            sql: "UPDATE pressroom.steps SET status = 'running' WHERE task_id = \(done)"),
        .init(
            invariant: "due_steps_are_claimed",
            sql: """
                UPDATE pressroom.tasks SET status = 'running', updated_at = \(old) WHERE task_id = \(held);
                UPDATE pressroom.steps SET status = 'pending', run_at = \(old), updated_at = \(old)
                 WHERE kind = 'signal' AND task_id = \(held);
                """),
        .init(
            invariant: "open_tasks_have_something_to_do",
            sql: """
                UPDATE pressroom.steps SET status = 'completed' WHERE task_id = \(held);
                UPDATE pressroom.tasks SET updated_at = \(old) WHERE task_id = \(held);
                """),
        .init(
            invariant: "open_tasks_move_on",
            sql: """
                UPDATE pressroom.steps SET kind = 'human', updated_at = \(old) WHERE status = 'waiting' AND task_id = \(held);
                UPDATE pressroom.steps SET updated_at = \(old) WHERE task_id = \(held);
                UPDATE pressroom.tasks SET updated_at = \(old) WHERE task_id = \(held);
                """),
        .init(
            invariant: "open_tasks_move_on",
            sql: """
                UPDATE pressroom.tasks SET status = 'pending', updated_at = \(old) WHERE task_id = \(held);
                UPDATE pressroom.steps SET status = 'completed', updated_at = \(old) WHERE task_id = \(held);
                INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at) VALUES ('default', \(held), now() + interval '20 s');
                """),
        .init(
            invariant: "signals_are_taken",
            sql: """
                INSERT INTO pressroom.signals (tenant_id, task_id, name, data, created_at)
                VALUES ('default', \(held), 'release', '{}', \(old));
                UPDATE pressroom.steps SET updated_at = \(old) WHERE task_id = \(held);
                UPDATE pressroom.tasks SET updated_at = \(old) WHERE task_id = \(held);
                """),
        .init(
            invariant: "waiting_tasks_wait_for_something",
            sql: "UPDATE pressroom.steps SET status = 'completed' WHERE task_id = \(held)"),
        .init(
            invariant: "waits_end_in_time",
            sql: "UPDATE pressroom.steps SET run_at = now() + interval '1 hour' WHERE kind = 'signal' AND task_id = \(held)"),
        .init(
            invariant: "parked_steps_follow_others",
            sql: """
                UPDATE pressroom.steps SET status = 'pending', run_at = NULL, updated_at = \(old)
                 WHERE kind = 'signal' AND task_id = \(held)
                """),
        .init(
            invariant: "due_wakeups_are_taken",
            sql: "INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at) VALUES ('default', \(done), \(old))"),
        .init(
            invariant: "parts_end_with_their_whole",
            sql: """
                UPDATE pressroom.tasks SET parent_task_id = \(done) WHERE task_id = \(held);
                UPDATE pressroom.tasks SET updated_at = \(old) WHERE task_id = \(done);
                """),
        .init(
            invariant: "waits_for_subtasks_end",
            sql: """
                UPDATE pressroom.tasks SET status = 'completed' WHERE parent_task_id = \(waitingParent);
                UPDATE pressroom.tasks SET updated_at = \(old);
                UPDATE pressroom.steps SET updated_at = \(old);
                """),
        .init(
            invariant: "waits_for_subtasks_end",
            sql: """
                DELETE FROM pressroom.subtasks;
                UPDATE pressroom.tasks SET updated_at = \(old);
                UPDATE pressroom.steps SET updated_at = \(old);
                """),
        .init(
            invariant: "subtasks_are_waited_for",
            sql: """
                UPDATE pressroom.steps SET status = 'completed', updated_at = \(old) WHERE task_id = \(waitingParent);
                UPDATE pressroom.tasks SET updated_at = \(old);
                """),
        .init(
            invariant: "subtasks_are_waited_for",
            sql: """
                UPDATE pressroom.steps SET attempt = attempt + 1, updated_at = \(old) WHERE task_id = \(waitingParent);
                UPDATE pressroom.tasks SET updated_at = \(old);
                """),
        .init(invariant: "subtasks_belong_to_their_parents", sql: "UPDATE pressroom.subtasks SET depth = 7"),
        .init(invariant: "subtasks_belong_to_their_parents", sql: "UPDATE pressroom.subtasks SET parent_step_id = gen_random_uuid()"),
        .init(
            invariant: "subtasks_belong_to_their_parents",
            sql: "UPDATE pressroom.tasks SET parent_task_id = \(held) WHERE parent_task_id IS NOT NULL"),
        .init(
            invariant: "subtasks_belong_to_their_parents",
            sql: """
                UPDATE pressroom.tasks SET context = jsonb_set(context, '{user_id}', '"eve"') WHERE parent_task_id IS NOT NULL
                """),
        .init(
            invariant: "subtasks_bring_their_results",
            sql: "UPDATE pressroom.tasks SET status = 'failed' WHERE parent_task_id = \(doneParent)"),
        .init(
            invariant: "subtasks_bring_their_results",
            sql: """
                UPDATE pressroom.steps SET output = jsonb_set(output::jsonb, '{phase}', '"other"') WHERE task_id = \(doneParent)
                """),
        .init(invariant: "results_show_the_texts", sql: "UPDATE pressroom.outputs SET content = 'forged'"),
        .init(
            invariant: "wake_requests_are_taken",
            sql: "INSERT INTO pressroom.wake_requests (tenant_id, task_id, created_at) VALUES ('default', \(held), \(old))"),
        .init(
            invariant: "questions_and_steps_agree",
            sql: """
                INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title)
                SELECT tenant_id, task_id, id, 'Well?' FROM pressroom.steps WHERE id = \(someStep);
                UPDATE pressroom.steps SET updated_at = \(old);
                """),
        .init(
            invariant: "questions_and_steps_agree",
            sql: """
                INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title, status, updated_at)
                SELECT tenant_id, task_id, id, 'Well?', 'completed', \(old) FROM pressroom.steps WHERE kind = 'signal'
                """),
        .init(
            invariant: "due_schedules_fire",
            sql: """
                INSERT INTO pressroom.schedules (tenant_id, workflow_name, cron, context, next_run_at, created_by, updated_at)
                VALUES ('default', 'held', '* * * * *', '{}', \(old), 'nobody', \(old))
                """),
        .init(
            invariant: "a_time_fires_once",
            sql: """
                INSERT INTO pressroom.schedule_firings (tenant_id, schedule_id, due_at, task_id)
                SELECT 'default', gen_random_uuid(), now(), task_id FROM pressroom.tasks WHERE task_id = \(done)
                """),
        .init(
            invariant: "firings_have_their_task",
            sql: """
                INSERT INTO pressroom.schedule_firings (tenant_id, schedule_id, due_at, task_id)
                VALUES ('default', gen_random_uuid(), now(), gen_random_uuid())
                """),
        .init(
            invariant: "ended_tasks_have_nothing_open", sql: "UPDATE pressroom.tasks SET status = 'completed' WHERE task_id = \(held)"),
        .init(
            invariant: "ended_tasks_have_nothing_open",
            sql: "UPDATE pressroom.evaluations SET status = 'pending' WHERE task_id = \(done)"),
        .init(
            invariant: "ended_phases_have_no_open_step",
            sql: "UPDATE pressroom.phases SET status = 'completed' WHERE task_id = \(held) AND key = 'hold'"),
        .init(
            invariant: "failures_stop_what_needs_them",
            sql: "UPDATE pressroom.phases SET status = 'failed' WHERE task_id = \(done) AND key = 'edit'"),
        .init(
            invariant: "tasks_end_as_their_phases_did",
            sql: "UPDATE pressroom.phases SET status = 'failed' WHERE task_id = \(done) AND key = 'rank'"),
        .init(invariant: "timestamps_fit_the_status", sql: "UPDATE pressroom.tasks SET completed_at = NULL"),
        .init(invariant: "timestamps_fit_the_status", sql: "UPDATE pressroom.steps SET completed_at = NULL"),
        .init(
            invariant: "texts_are_numbered_from_1",
            sql: "DELETE FROM pressroom.output_versions WHERE version_number = 1 AND task_id = \(done)"),
        .init(
            invariant: "a_result_is_recorded_once",
            sql: """
                INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
                SELECT tenant_id, id, task_id, version_number + 1, 'write', 'again' FROM pressroom.outputs WHERE task_id = \(done);
                UPDATE pressroom.outputs SET version_number = version_number + 1 WHERE task_id = \(done);
                """),
        .init(
            invariant: "a_result_is_recorded_once",
            sql: "UPDATE pressroom.steps SET kind = 'log' WHERE kind = 'rank'"),
        .init(
            invariant: "a_result_is_recorded_once",
            sql: """
                INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
                SELECT tenant_id, id, task_id, version_number + 1, 'write', 'again' FROM pressroom.outputs WHERE task_id = \(forked);
                UPDATE pressroom.outputs SET version_number = version_number + 1 WHERE task_id = \(forked);
                """),
        // The line of the step that the fork ran itself, and one of the step that it took over.
        .init(invariant: "a_result_is_recorded_once", sql: "DELETE FROM pressroom.logs WHERE task_id = \(forked)"),
        .init(
            invariant: "a_result_is_recorded_once",
            sql: """
                INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message)
                SELECT tenant_id, task_id, phase_id, id, 'info', 'again' FROM pressroom.steps
                 WHERE task_id = \(forked) AND kind = 'log' ORDER BY completed_at LIMIT 1
                """),
        .init(
            invariant: "drafts_at_work_have_a_step",
            sql: "UPDATE pressroom.outputs SET status = 'editing', updated_at = \(old) WHERE task_id = \(held)"),
        .init(
            invariant: "scores_come_from_verdicts",
            sql: "UPDATE pressroom.evaluations SET status = 'failed' WHERE stage = 'initial' AND task_id = \(done)"),
        .init(invariant: "rankings_add_up", sql: "UPDATE pressroom.rankings SET evaluations_counted = 99 WHERE task_id = \(done)"),
        .init(invariant: "no_row_is_an_orphan", sql: "DELETE FROM pressroom.phases WHERE key = 'write' AND task_id = \(done)"),
        .init(invariant: "no_row_is_an_orphan", sql: "DELETE FROM pressroom.outputs WHERE task_id = \(done)"),
        .init(
            invariant: "no_row_is_an_orphan",
            sql: """
                INSERT INTO pressroom.signals (tenant_id, task_id, name, data, received_by)
                VALUES ('default', \(held), 'stray', '{}', gen_random_uuid())
                """),
        .init(invariant: "every_table_of_a_tenant_has_policies", sql: "ALTER TABLE pressroom.steps DISABLE ROW LEVEL SECURITY"),
        .init(invariant: "every_table_of_a_tenant_has_policies", sql: "DROP POLICY tenant ON pressroom.events"),
        .init(
            invariant: "every_table_of_a_tenant_has_policies",
            sql: "CREATE POLICY all_rows ON pressroom.outputs TO pressroom_service USING (true)"),
        .init(invariant: "every_table_of_a_tenant_has_policies", sql: "CREATE TABLE pressroom.notes (tenant_id text)"),
        .init(invariant: "every_run_has_one_attempt", sql: "DELETE FROM pressroom.attempts WHERE task_id = \(done)"),
        .init(invariant: "every_run_has_one_attempt", sql: "UPDATE pressroom.attempts SET attempt = attempt + 1 WHERE task_id = \(done)"),
        .init(
            invariant: "every_run_has_one_attempt",
            sql: "UPDATE pressroom.steps SET attempt = attempt + 1 WHERE kind = 'write' AND task_id = \(done)"),
        .init(invariant: "attempts_and_calls_fit", sql: "UPDATE pressroom.attempts SET step_id = gen_random_uuid() WHERE task_id = \(done)"),
        .init(invariant: "attempts_and_calls_fit", sql: "UPDATE pressroom.calls SET attempt = 7 WHERE task_id = \(done)"),
        .init(invariant: "attempts_and_calls_fit", sql: "UPDATE pressroom.calls SET sequence = sequence + 1 WHERE task_id = \(done)"),
        .init(invariant: "attempts_and_calls_fit", sql: "DELETE FROM pressroom.calls WHERE task_id = \(done)"),
        .init(
            invariant: "usage_is_that_of_the_calls",
            sql: "UPDATE pressroom.tasks SET usage = '{\"prompt_tokens\": 1, \"completion_tokens\": 1}' WHERE task_id = \(done)"),
        // A call of an hour that was summed, and is in no sum.
        .init(
            invariant: "usage_hours_are_the_sums_of_their_rows",
            sql: """
                \(sums(hoursAgo: 6, calls: 0));
                \(sums(hoursAgo: 2, calls: 0));
                UPDATE pressroom.calls SET sent_at = \(fourHoursAgo), ended_at = \(fourHoursAgo), created_at = \(fourHoursAgo)
                 WHERE task_id = \(done)
                """),
        .init(invariant: "usage_hours_are_the_sums_of_their_rows", sql: sums(hoursAgo: 4, calls: 1)),
        .init(
            invariant: "history_leads_to_the_rows",
            sql: """
                INSERT INTO pressroom.status_changes (tenant_id, task_id, entity_id, position, ordinal, entity, "from", "to", at, actor)
                SELECT tenant_id, task_id, task_id, 1000000, 0, 'task', 'running', 'failed', now(), 'user:local'
                  FROM pressroom.tasks WHERE task_id = \(done)
                """),
        .init(invariant: "every_trigger_is_on", sql: "ALTER TABLE pressroom.steps DISABLE TRIGGER USER"),
        .init(invariant: "times_are_in_order", sql: "UPDATE pressroom.tasks SET started_at = NULL WHERE task_id = \(done)"),
        .init(
            invariant: "times_are_in_order",
            sql: "UPDATE pressroom.tasks SET completed_at = started_at - interval '1 ms' WHERE task_id = \(done)"),
        .init(invariant: "times_are_in_order", sql: "UPDATE pressroom.phases SET started_at = NULL WHERE task_id = \(done)"),
        .init(
            invariant: "times_are_in_order",
            sql: "UPDATE pressroom.phases SET started_at = completed_at + interval '1 ms' WHERE task_id = \(forked)"),
    ]

    /// A completed task, one that was deleted, one that waits, a fork, a parent that is completed and one that waits for its
    /// sub-task, on a node that is killed then, so that nothing moves.
    private func withRows(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await withService { service in
            try await service.publish(Definitions.editorial())
            try await service.publish(Definitions.held())
            let (done, gone) = (try await service.startTask("editorial"), try await service.startTask("editorial"))
            let held = try await service.startTask("held")
            for task in [done, gone] { #expect(try await service.end(of: task) == "completed") }
            try await service.waitForHold(of: held)
            try await service.publish(Definitions.noted)
            let noted = try await service.startTask("noted")
            #expect(try await service.end(of: noted) == "completed")
            let fork = try await service.client.forkTask(noted, phase: "last")
            #expect(try await service.end(of: fork.id) == "completed")
            for workflow in [Definitions.child, Definitions.parent] { try await service.publish(workflow) }
            let parents = (try await service.startTask("parent"), try await service.startTask("parent"))
            for parent in [parents.0, parents.1] { try await service.waitForHold(of: service.subtask(of: parent)) }
            try await service.client.signal("release", to: service.subtask(of: parents.0))
            #expect(try await service.end(of: parents.0) == "completed")
            var request = HTTPClientRequest(url: service.baseURL + "/api/v1/tasks/\(gone)")
            request.method = .DELETE
            let answer = try await service.httpClient.execute(request, timeout: .seconds(10))
            #expect(answer.status.code < 300)
            try await body(service)
        }
    }

    @Test func everyInvariantIsSeenToBeBroken() async throws {
        try await withRows { service in
            try await service.kill()
            try await Invariants.check(service)
            let script = try Invariants.script
            // Each damage is done and looked at in a transaction that is rolled back.
            let body = script.replacing("BEGIN ISOLATION LEVEL REPEATABLE READ;", with: "").replacing("COMMIT;", with: "")
            #expect(body.utf8.count < script.utf8.count - 40)
            for damage in Self.damages {
                let results = try await service.database.withConnection { connection in
                    let results = try await connection.execute(
                        script: "BEGIN; SET LOCAL session_replication_role = replica; \(damage.sql); \(body)")
                    try await connection.execute(script: "ROLLBACK")
                    return results
                }
                let broken = try results.filter { $0.columns.first == "invariant" }.flatMap { try $0.map { try $0.decode(0, as: String.self) } }
                #expect(broken.contains(damage.invariant), "\(damage.sql): \(broken)")
            }
            let names = Set(script.matches(of: #/SELECT '(\w+)' AS invariant/#).map { String($0.1) })
            #expect(names.subtracting(Self.damages.map(\.invariant)).isEmpty, "nobody has broken these")
        }
    }

    private func doctor(_ service: TestService, _ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
        let child = try ChildProgram(
            PressroomBinary.path(), ["doctor", "--check", "--database-url", service.databaseText] + arguments, directory: "/tmp")
        let status = try await within(.seconds(60), "the doctor") { try await child.exit() }
        return (status, child.output.text, child.errors.text)
    }

    @Test func theDoctorChecksTheTables() async throws {
        try await withRows { service in
            let well = try await doctor(service)
            #expect(well.status == 0 && well.output.contains("ok       invariants: all"), "\(well)")
            let whole = try await doctor(service, "--check-tasks", "all", "--check-grace", "1s", "--json")
            #expect(whole.status == 0, "\(whole)")
            #expect(try JSON(parsing: whole.output)["items"]?.array?.count == 1)

            // Events from before a migration lack the columns that it added.
            try await service.database.withTransaction { connection in
                _ = try await connection.query("SET LOCAL session_replication_role = replica")
                _ = try await connection.query("UPDATE pressroom.events SET payload = (payload::jsonb #- '{task,usage}')::json")
            }
            let upgraded = try await doctor(service)
            #expect(upgraded.status == 0, "\(upgraded)")

            try await service.database.withTransaction { connection in
                _ = try await connection.query("SET LOCAL session_replication_role = replica")
                _ = try await connection.query("UPDATE pressroom.outputs SET content = 'forged'")
            }
            let ill = try await doctor(service)
            #expect(ill.status == 1 && ill.output.contains("FAILED   rows_equal_their_last_events: broken 6 times"), "\(ill)")
            let told = try await doctor(service, "--json")
            let item = try #require(try JSON(parsing: told.output)["items"]?.array?.first)
            #expect(item["subject"] == "rows_equal_their_last_events" && item["violations"] == 6, "\(item.text)")
            #expect(item["samples"]?.array?.count == 5)
            // Without a sample, only what is open is looked at.
            let narrow = try await doctor(service, "--check-tasks", "0", "--json")
            #expect(try JSON(parsing: narrow.output)["items"]?.array?.first?["violations"] == 2, "\(narrow)")
        }
    }

    @Test func theDoctorTellsWhatKeepsItFromChecking() async throws {
        try await withService { service in
            let binary = try PressroomBinary.path()
            for (arguments, status) in [
                ("doctor --check --database-url postgres://nobody@127.0.0.1:1/nothing", 3),
                ("doctor --check-tasks 5", 2), ("doctor --check --check-tasks many", 2), ("doctor --check --check-grace soon", 2),
            ] as [(String, Int32)] {
                let child = try ChildProgram(binary, arguments.split(separator: " ").map(String.init), directory: "/tmp")
                let outcome = try await within(.seconds(60), "the doctor") { try await child.exit() }
                #expect(outcome == status, "\(arguments): \(child.errors.text)")
                #expect(!child.errors.text.isEmpty)
            }
        }
    }
}
