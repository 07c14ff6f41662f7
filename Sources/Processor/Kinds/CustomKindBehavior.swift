package import Base
package import Foundation
package import Logging
import Store
import Synchronization
package import Workflow

/// Runs a custom kind: one that the embedding program registered.
struct CustomKindBehavior: SingleStepBehavior {
    let phase: CustomPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .custom)
    }

    func run(_ run: StepRun) async throws -> StepResult {
        guard let kind = run.services.customKinds[phase.kind] else {
            // Another node may have it: a new program does not reach all nodes at once.
            throw StepFailure(code: "unknown_kind", message: "This node has no kind \(phase.kind).", isRetryable: true)
        }
        let call = CustomStepRun(run, phase)
        let output = try await run.services.deadlines.run(within: run.definition.timeout) {
            do {
                return try await kind.run(call)
            } catch let failure as StepFailure {
                throw failure
            } catch {
                throw StepFailure(code: "kind_failed", message: "\(error)", isRetryable: true)
            }
        }
        guard let output else {
            let limit = DurationText.text(of: run.definition.timeout)
            throw StepFailure(code: "timeout", message: "The step took longer than \(limit).", isRetryable: true)
        }
        return .value(output.withoutNULs)
    }
}

/// A custom kind, as the embedding program registers it.
package struct RegisteredKind: Sendable {
    package let name: String
    package let check: CustomKinds.Check
    /// Returns the phase's output. A `StepFailure` says whether to try again; any other error is tried again.
    package let run: @Sendable (CustomStepRun) async throws -> JSON

    package init(name: String, check: @escaping CustomKinds.Check, run: @escaping @Sendable (CustomStepRun) async throws -> JSON) {
        self.name = name
        self.check = check
        self.run = run
    }
}

/// What a custom kind sees of the step that it runs.
package struct CustomStepRun: Sendable {
    private let run: StepRun
    package let attributes: JSON

    init(_ run: StepRun, _ phase: CustomPhase) {
        self.run = run
        self.attributes = phase.attributes
    }

    package var logger: Logger { run.logger }

    package var stepID: UUID { run.step.id }
    /// From 1; each claim of the step is a new one.
    package var attempt: Int { run.step.attempt }
    /// The element of a list that the step is for; nil without `for_each`.
    package var item: JSON? { run.step.input["item"] }
    /// The position of the element in its list, from 0; nil without `for_each`.
    package var index: Int? { run.step.input["index"]?.int }
    /// Which run of a phase with `repeat` the step belongs to, from 0; nil without `repeat`.
    package var iteration: Int? { run.step.input["iteration"]?.int }
    package var phase: String { run.definition.id }
    package var context: ExecutionContext { run.context }
    package var input: JSON { run.material.task.input }
    package var config: JSON { run.material.task.config }

    /// The output of a completed phase; nil for a phase without one.
    package func output(of phase: String) -> JSON? {
        guard let row = run.material.phases.first(where: { $0.key == phase }), row.status == .completed,
            let kind = run.workflow.definition.phase(phase)?.kind
        else { return nil }
        return PhaseOutputs(run.material.outputs).shown(row.output ?? .null, of: kind)
    }

    /// Renders a template like a prompt.
    package func render(_ template: String) throws(ProblemList) -> String {
        try PromptTemplate(template).render(.object(run.promptScope.members))
    }
}

/// Cancels work whose time is up. One task sleeps for all deadlines: most work ends long before, and a sleep for each
/// would cost more than a short step.
final class Deadlines: Sendable {
    private struct State {
        var open: [Int: (deadline: ContinuousClock.Instant, cancel: @Sendable () -> Void)] = [:]
        var lastID = 0
        /// When the sleeping task wakes; nil: there is none.
        var wakesAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Runs `body`, cancels it when the limit has passed, and waits for its end in any case. Nil when its time was up.
    func run<T: Sendable>(within limit: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        let work = Task { try await body() }
        let id = add(.now + limit) { work.cancel() }
        let result = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
        let wasInTime = remove(id)
        return wasInTime ? try result.get() : nil
    }

    private func add(_ deadline: ContinuousClock.Instant, _ cancel: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastID += 1
            state.open[state.lastID] = (deadline, cancel)
            if state.wakesAt.map({ deadline < $0 }) ?? true { sleep(until: deadline, &state) }
            return state.lastID
        }
    }

    /// Returns whether the time was not up.
    private func remove(_ id: Int) -> Bool {
        state.withLock { $0.open.removeValue(forKey: id) != nil }
    }

    private func sleep(until deadline: ContinuousClock.Instant, _ state: inout State) {
        state.wakesAt = deadline
        Task { [weak self] in
            try? await Task.sleep(until: deadline)
            self?.wake(deadline)
        }
    }

    private func wake(_ deadline: ContinuousClock.Instant) {
        let late = state.withLock { state in
            let late = state.open.filter { $0.value.deadline <= .now }
            for id in late.keys { state.open[id] = nil }
            // Unless an earlier deadline has replaced this one.
            if state.wakesAt == deadline {
                state.wakesAt = nil
                if let next = state.open.values.map(\.deadline).min() { sleep(until: next, &state) }
            }
            return late.values.map(\.cancel)
        }
        for cancel in late { cancel() }
    }
}
