import Base
import Foundation
import Postgres
import Store
import Workflow

@testable import Processor

/// Moves one task step by step, without loops or clocks: what runs when is the test's choice.
struct Workbench {
    let newsroom: Newsroom
    let taskID: UUID
    let workflow: WorkflowVersion
    let runner: StepRunner
    /// A processor that is alive and writes what it has run.
    let processorID = UUIDv7.next()

    init(_ newsroom: Newsroom, _ yaml: String, input: JSON = ["topic": "tests"], runner: StepRunner) async throws {
        let published = try await newsroom.publish(yaml)
        self.newsroom = newsroom
        self.workflow = WorkflowVersion(id: published.0, definition: published.1)
        self.runner = runner
        taskID = try await newsroom.start(published, input: input)
    }

    private init(_ newsroom: Newsroom, taskID: UUID, workflow: WorkflowVersion, runner: StepRunner) {
        self.newsroom = newsroom
        self.taskID = taskID
        self.workflow = workflow
        self.runner = runner
    }

    /// A bench for a sub-task that runs the workflow, and one for the task that has started it and waits for it.
    static func subtask(
        _ newsroom: Newsroom, _ yaml: String, runner: StepRunner
    ) async throws -> (parent: Workbench, child: Workbench) {
        let (id, definition) = try await newsroom.publish(yaml)
        let parent = try await Workbench(
            newsroom,
            """
            name: parent
            version: 1.0.0
            phases:
              - {id: sub, kind: workflow, name: \(definition.name), input: {topic: "{{topic}}"}}
            """, runner: runner)
        try await parent.finish()
        let rows = try await newsroom.client.query("SELECT task_id FROM pressroom.subtasks WHERE parent_task_id = \(parent.taskID)")
        guard let taskID = try rows.first?.decode("task_id", as: UUID.self) else { throw CancellationError() }
        let workflow = WorkflowVersion(id: id, definition: definition)
        return (parent, Workbench(newsroom, taskID: taskID, workflow: workflow, runner: runner))
    }

    /// Looks at the task as after a wake-up.
    func advance() async throws {
        let workflow = workflow
        try await newsroom.store.withTaskGraphs(newsroom.scope, [taskID]) { graphs in
            var engine = TaskEngine(graphs[0], workflow)
            engine.advance()
            graphs[0] = engine.graph
        }
    }

    /// Signals the newest sub-task, which waits for that, and looks at the task as after the sub-task's end.
    func endChild() async throws {
        let rows = try await newsroom.client.query(
            "SELECT task_id FROM pressroom.subtasks WHERE parent_task_id = \(taskID) ORDER BY attempt DESC LIMIT 1")
        guard let child = try rows.first?.decode("task_id", as: UUID.self) else { throw CancellationError() }
        try await newsroom.store.addSignal(newsroom.scope, taskID: child, name: "go", data: ["by": "ada"])
        let workflows = try await newsroom.store.workflowVersions(newsroom.scope, ofTasks: [child])
        try await newsroom.store.withTaskGraphs(newsroom.scope, [child]) { graphs in
            guard let workflow = workflows[graphs[0].task.workflowID] else { return }
            var engine = TaskEngine(graphs[0], workflow)
            engine.advance()
            graphs[0] = engine.graph
        }
        try await advance()
    }

    func claim(as processorID: UUID? = nil) async throws -> [ClaimedStep] {
        try await newsroom.store.claimSteps(
            newsroom.scope, processorID: processorID ?? self.processorID, limit: 100)
    }

    /// Runs a claimed step to its outcome and writes nothing.
    func run(_ step: ClaimedStep) async throws -> FinishedStep {
        guard let material = try await newsroom.store.stepMaterial(newsroom.scope, [taskID])[taskID] else { throw CancellationError() }
        return await runner.run(step, material, workflow)
    }

    func commit(_ result: FinishedStep, as processorID: UUID? = nil) async throws {
        let commits = TaskCommits(
            store: newsroom.store, processorID: processorID ?? self.processorID, logger: newsroom.logger)
        guard await commits.commit([result]).isEmpty else { throw CancellationError() }
    }

    /// Puts a step back whose processor is gone.
    func takeOver(_ step: ClaimedStep) async throws {
        let workflow = workflow
        try await newsroom.store.withTaskGraphs(newsroom.scope, [taskID]) { graphs in
            var engine = TaskEngine(graphs[0], workflow)
            engine.takeOver(step.id, attempt: step.attempt)
            graphs[0] = engine.graph
        }
    }

    func act(_ action: TaskAction) async throws {
        _ = try await newsroom.store.transitionTask(newsroom.scope, taskID, action, ifVersion: nil)
    }

    /// Runs everything that is before a phase. Returns the phase's due steps, claimed by `processorID`.
    func claim(of phase: String, as processorID: UUID? = nil) async throws -> [ClaimedStep] {
        try await advance()
        let phaseID = try await text("SELECT id FROM pressroom.phases WHERE key = \(phase)")
        while true {
            if try await count("SELECT count(*) FROM pressroom.steps WHERE phase_id = \(phaseID)::uuid") > 0 {
                return try await claim(as: processorID).filter { $0.phaseID.text == phaseID }
            }
            let steps = try await claim()
            if steps.isEmpty { return [] }
            for step in steps { try await commit(try await run(step)) }
        }
    }

    /// Runs all that can be run.
    func finish() async throws {
        try await advance()
        while case let steps = try await claim(), !steps.isEmpty {
            for step in steps { try await commit(try await run(step)) }
        }
    }

    /// Lets every timer run out: those of steps that wait, and those of retries.
    func passTime() async throws {
        _ = try await newsroom.client.query(
            "UPDATE pressroom.steps SET run_at = now() WHERE run_at > now() AND status IN ('pending', 'retrying', 'waiting')")
        try await advance()
    }

    func text(_ query: PostgresQuery) async throws -> String { try await newsroom.text(query) }
    func count(_ query: PostgresQuery) async throws -> Int { try await newsroom.count(query) }

    func status(of phase: String) async throws -> String {
        try await text("SELECT status FROM pressroom.phases WHERE key = \(phase)")
    }

    /// What the phase brought, as others see it.
    func output(of phase: String) async throws -> JSON {
        try JSON(parsing: try await text("SELECT coalesce(pressroom.phase_output(p), 'null')::text FROM pressroom.phases p WHERE key = \(phase)"))
    }
}
