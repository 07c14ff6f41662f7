import Base
import Foundation
import Postgres
import ServiceLifecycle
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Schedules", .limit(minutes: 3))
struct ScheduleTests {
    @Test("A due schedule starts one task, in the name of who made it")
    func fires() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let id = try await newsroom.addSchedule()
            try await newsroom.fireAll()
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 0)
            try await newsroom.makeDue(id)
            let due = try await newsroom.schedule(id)["next_run_at"]
            try await newsroom.fireAll()

            let row = try await newsroom.schedule(id)
            let tasks = try await newsroom.store.tasks(newsroom.scope, TaskFilter(), PageRequest())
            let task = try #require(try JSON(parsing: tasks.json.bytes)["items"]?.array?.first)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 1)
            #expect(task["task_id"] == row["last_task_id"])
            #expect(task["input"] == ["source": "db", "rows": 100])
            #expect(task["config"] == ["deep": true])
            #expect(task["priority"] == 7)
            #expect(task["created_by"] == "local")
            #expect(task["run_at"] == due)
            #expect(task["idempotency_key"]?.string == "schedule:\(id.text):\(due?.string ?? "")")
            let context = try #require(task["context"])
            #expect(context["user_id"] == "ann" && context["tenant_id"] == "default" && context["conversation_id"] == "c1")
            #expect(context["metadata"] == ["team": "data"])
            #expect(context["task_id"] == task["task_id"])
            #expect(context["trace_id"]?.string?.count == 32)
            #expect(row["last_error"] == .null)
            #expect(row["last_run_at"]?.string != nil)
            #expect(row["next_run_at"]?.string?.hasSuffix("12-31T23:00:00.000000Z") == true)
            let actors = try await newsroom.client.query("SELECT DISTINCT actor FROM pressroom.events")
            #expect(try actors.map { try $0.decode(0, as: String.self) } == ["schedule:\(id.text)"])
        }
    }

    @Test("A processor on the same node takes the task up at once, and it runs to its end")
    func runsToItsEnd() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let id = try await newsroom.addSchedule()
            var configuration = ProcessorConfiguration()
            configuration.poll = .seconds(600)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }, configuration: configuration) { _ in
                try await newsroom.makeDue(id)
                try await newsroom.fireAll()
                let task = try #require(try await newsroom.schedule(id)["last_task_id"]?.string.flatMap(UUID.init(text:)))
                #expect(try await newsroom.waitForEnd(task) == "completed")
            }
        }
    }

    @Test("A running scheduler wakes up for a planned time, whatever its poll")
    func wakesInTime() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let id = try await newsroom.addSchedule()
            _ = try await newsroom.client.query(
                "UPDATE pressroom.schedules SET next_run_at = clock_timestamp() + interval '400 milliseconds' WHERE id = \(id)")
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: newsroom.scheduler(poll: .seconds(600)))], gracefulShutdownSignals: [],
                    logger: newsroom.logger))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 1 }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(
                try await newsroom.count(
                    "SELECT count(*) FROM pressroom.tasks t WHERE t.created_at >= t.run_at") == 1)
        }
    }

    @Test("A schedule that is off, deleted or not due starts nothing")
    func staysQuiet() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let off = try await newsroom.addSchedule(isEnabled: false)
            let deleted = try await newsroom.addSchedule()
            _ = try await newsroom.addSchedule()
            try await newsroom.makeDue(off)
            try await newsroom.makeDue(deleted)
            #expect(try await newsroom.schedule(off)["next_run_at"] == .null)
            let due = try await newsroom.store.dueSchedules(limit: 10)
            #expect(due.map(\.id) == [deleted])
            try await newsroom.store.deleteSchedule(newsroom.scope, deleted, ifVersion: nil)
            // Found before it was deleted, as by another node.
            let settlement = try await newsroom.store.settle(newsroom.scope, due[0], .planned, next: nil)
            #expect(settlement == .leftAlone)
            try await newsroom.fireAll()
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 0)
        }
    }

    @Test("Missed times: skip passes them over and says so, run_once starts one task", arguments: MisfirePolicy.allCases)
    func misfires(misfire: MisfirePolicy) async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            // A day of the month that is days away, so that none of its times has only just come.
            let day = try await newsroom.count("SELECT extract(day FROM now() AT TIME ZONE 'Europe/Berlin')::int") < 12 ? 20 : 4
            let id = try await newsroom.addSchedule(cron: "0 0 \(day) * *", misfire: misfire)
            // Some hundred days: three or four of them.
            try await newsroom.makeDue(id, secondsAgo: 100 * 86_400)
            try await newsroom.fireAll()
            let row = try await newsroom.schedule(id)
            let tasks = try await newsroom.count("SELECT count(*) FROM pressroom.tasks")
            #expect(tasks == (misfire == .runOnce ? 1 : 0))
            if misfire == .skip {
                #expect(row["last_error"]?["code"] == "missed")
                #expect(row["last_error"]?["due_at"]?.string?.hasSuffix(":00:00.000000Z") == true)
                #expect(row["last_run_at"] == .null)
            }
            #expect(try await newsroom.count("SELECT (next_run_at > now())::int FROM pressroom.schedules") == 1)
        }
    }

    @Test("What cannot start says why, once for each time, and holds up nobody else")
    func failures() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let cases: [(UUID, String)] = [
                (try await newsroom.addSchedule("nobody"), "workflow_not_found"),
                (try await newsroom.addSchedule(version: "9.9.9"), "workflow_not_found"),
                (try await newsroom.addSchedule(input: ["source": 7]), "invalid_input"),
                (try await newsroom.addSchedule(input: [:]), "invalid_input"),
                (try await newsroom.addSchedule(), "invalid_schedule"),
                (try await newsroom.addSchedule(), "invalid_schedule"),
                (try await newsroom.addSchedule(), "invalid_schedule"),
            ]
            let sound = try await newsroom.addSchedule()
            for (id, _) in cases { try await newsroom.makeDue(id, secondsAgo: 30) }
            // Written by hand: the last three.
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET cron = 'every day' WHERE id = \(cases[4].0)")
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET timezone = 'Mars/Olympus' WHERE id = \(cases[5].0)")
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET context = '{}' WHERE id = \(cases[6].0)")
            try await newsroom.makeDue(sound)
            try await newsroom.fireAll()
            for (index, (id, code)) in cases.enumerated() {
                let row = try await newsroom.schedule(id)
                #expect(row["last_error"]?["code"]?.string == code, "\(index)")
                #expect(row["last_task_id"] == .null)
                // Where the next time is known, it is planned.
                #expect((row["next_run_at"]?.string != nil) == (code != "invalid_schedule"), "\(index)")
            }
            let pointers = try await newsroom.schedule(cases[2].0)["last_error"]?["errors"]?.array?.compactMap { $0["pointer"]?.string }
            #expect(pointers == ["/input/source"])
            let unknown = try await newsroom.schedule(cases[1].0)["last_error"]
            #expect(unknown?["message"] == "9.9.9 is no version of the workflow pipeline.")
            #expect(unknown?["errors"]?[0]?["pointer"] == "/version")
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 1)
            let moved = try await newsroom.scheduler().fireDue()
            #expect(moved == 0)

            // Mended by hand, it goes on by itself, and a firing clears the error.
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET cron = '0 4 * * *' WHERE id = \(cases[4].0)")
            try await newsroom.fireAll()
            let mended = try await newsroom.schedule(cases[4].0)
            #expect(mended["last_error"] == .null && mended["next_run_at"]?.string != nil)
        }
    }

    @Test("An archived version does not start; its schedule goes on when there is another")
    func archivedWorkflow() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let (latest, pinned) = (try await newsroom.addSchedule(), try await newsroom.addSchedule(version: "1.0.0"))
            _ = try await newsroom.client.query("UPDATE pressroom.workflows SET status = 'archived'")
            for id in [latest, pinned] { try await newsroom.makeDue(id) }
            try await newsroom.fireAll()
            #expect(try await newsroom.schedule(latest)["last_error"]?["code"] == "workflow_not_found")
            #expect(try await newsroom.schedule(pinned)["last_error"]?["code"] == "workflow_not_active")
            _ = try await newsroom.publish(Newsroom.pipeline.replacing("1.0.0", with: "2.0.0"))
            for id in [latest, pinned] { try await newsroom.makeDue(id) }
            try await newsroom.fireAll()
            #expect(try await newsroom.schedule(latest)["last_error"] == .null)
            #expect(try await newsroom.text("SELECT string_agg(workflow_version, ' ') FROM pressroom.tasks") == "2.0.0")
        }
    }

    @Test("A time that has had its task gets no second one, even when somebody turns next_run_at back")
    func turnedBack() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let id = try await newsroom.addSchedule()
            try await newsroom.makeDue(id)
            try await newsroom.fireAll()
            let first = try await newsroom.schedule(id)
            _ = try await newsroom.client.query(
                "UPDATE pressroom.schedules s SET next_run_at = f.due_at FROM pressroom.schedule_firings f WHERE f.schedule_id = s.id")
            try await newsroom.fireAll()
            let second = try await newsroom.schedule(id)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 1)
            #expect(second["last_task_id"] == first["last_task_id"] && second["next_run_at"] == first["next_run_at"])
        }
    }

    @Test("Old firings are forgotten with the next")
    func oldFirings() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let (id, other) = (try await newsroom.addSchedule(), try await newsroom.addSchedule())
            for (schedule, days) in [(id, 31), (id, 29), (other, 31)] {
                _ = try await newsroom.client.query(
                    """
                    INSERT INTO pressroom.schedule_firings (tenant_id, schedule_id, due_at, task_id)
                    VALUES ('default', \(schedule), now() - make_interval(days => \(days)), \(UUIDv7.next()))
                    """)
            }
            try await newsroom.makeDue(id)
            try await newsroom.fireAll()
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.schedule_firings WHERE schedule_id = \(id)") == 2)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.schedule_firings WHERE schedule_id = \(other)") == 1)
        }
    }

    @Test("A row that another session holds is left alone, and the others fire")
    func heldRow() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let (held, free) = (try await newsroom.addSchedule(), try await newsroom.addSchedule())
            for id in [held, free] { try await newsroom.makeDue(id) }
            try await newsroom.client.withTransaction { connection in
                _ = try await connection.query("SELECT FROM pressroom.schedules WHERE id = \(held) FOR UPDATE")
                try await newsroom.fireAll()
                #expect(try await newsroom.schedule(free)["last_task_id"]?.string != nil)
                #expect(try await newsroom.schedule(held)["last_task_id"] == .null)
                // Its clients are told within seconds.
                let row = try #require(try await newsroom.store.scheduleRow(newsroom.scope, held))
                await #expect(throws: StoreError.self) {
                    try await newsroom.store.changeSchedule(
                        newsroom.scope, held, row.values, ifVersion: row.version, replanning: nil)
                }
            }
            try await newsroom.fireAll()
            #expect(try await newsroom.schedule(held)["last_task_id"]?.string != nil)
        }
    }

    @Test("What psql may and may not change")
    func guards() async throws {
        try await withNewsroom { newsroom in
            let id = try await newsroom.addSchedule()
            func refuses(_ query: PostgresQuery) async -> String? {
                do {
                    _ = try await newsroom.client.query(query)
                    return nil
                } catch {
                    return (error as? PostgresError)?.sqlState
                }
            }
            #expect(await refuses("UPDATE pressroom.schedules SET created_by = 'eve'") == "23514")
            #expect(await refuses("UPDATE pressroom.schedules SET misfire = 'twice'") == "23514")
            #expect(await refuses("UPDATE pressroom.schedules SET input = '[]'") == "23514")
            #expect(await refuses("UPDATE pressroom.schedules SET priority = 1001") == "23514")
            let before = try await newsroom.schedule(id)
            #expect(before["version"] == 1)
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET version = 40, enabled = false")
            let off = try await newsroom.schedule(id)
            #expect(off["version"] == 2 && off["next_run_at"] == .null)
            // Switched on by hand: the service plans it, without firing.
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET enabled = true")
            try await newsroom.fireAll()
            let on = try await newsroom.schedule(id)
            #expect(on["next_run_at"] == before["next_run_at"] && on["last_run_at"] == .null)
            // Another expression: the planned time goes with the old one.
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET cron = '0 12 1 1 *', timezone = 'UTC'")
            #expect(try await newsroom.schedule(id)["next_run_at"] == .null)
            try await newsroom.fireAll()
            #expect(try await newsroom.schedule(id)["next_run_at"]?.string?.hasSuffix("-01-01T12:00:00.000000Z") == true)
            #expect(await refuses("UPDATE pressroom.schedule_firings SET task_id = pressroom.uuid_v7()") == "23514")
        }
    }
}
