import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

@testable import Processor

extension Newsroom {
    /// A workflow with an input schema, which nothing runs here.
    static let pipeline = """
        name: pipeline
        version: 1.0.0
        input:
          type: object
          required: [source]
          properties: {source: {type: string}, rows: {type: integer, default: 100}}
        agents: {warm: {role: writer, model: test/m}}
        phases: [{id: write, kind: write, agents: [warm], prompt: "{{source}}"}]
        """

    /// Adds a schedule that fires once a year by itself.
    func addSchedule(
        _ workflow: String = "pipeline", version: String? = nil, cron: String = "0 0 1 1 *", misfire: MisfirePolicy = .runOnce,
        input: JSON = ["source": "db"], isEnabled: Bool = true
    ) async throws -> UUID {
        let values = ScheduleValues(
            workflowName: workflow, workflowVersion: version, cron: cron, timezone: "Europe/Berlin", misfire: misfire, input: input,
            config: ["deep": true],
            context: ScheduleContext(tenantID: "default", userID: "ann", conversationID: "c1", metadata: ["team": "data"]),
            priority: 7, isEnabled: isEnabled)
        return try await store.write(scope) { connection in
            try await store.createSchedule(on: connection, scope, values, values.cronSchedule()).id
        }
    }

    /// As if the planned time had come `seconds` ago.
    func makeDue(_ id: UUID, secondsAgo seconds: Double = 1) async throws {
        _ = try await client.query(
            """
            UPDATE pressroom.schedules SET next_run_at = now() - make_interval(secs => \(seconds)), last_error = NULL
             WHERE id = \(id)
            """)
    }

    func scheduler(poll: Duration = .seconds(1)) -> Scheduler {
        var configuration = SchedulerConfiguration()
        configuration.poll = poll
        return Scheduler(store: store, configuration: configuration, logger: logger)
    }

    /// Fires what is due, until nothing is.
    func fireAll() async throws {
        while try await scheduler().fireDue() > 0 {}
    }

    /// The row as clients get it.
    func schedule(_ id: UUID) async throws -> JSON {
        let view = try #require(try await store.schedule(scope, id))
        return try JSON(parsing: view.json.bytes)
    }
}
