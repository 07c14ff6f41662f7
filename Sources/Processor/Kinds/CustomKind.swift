package import Foundation
package import Logging
import Store
import Synchronization
package import Workflow

/// A step of a kind that the embedding program brought.
struct OwnKind: SingleStepBehavior {
    let phase: OwnPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .own)
    }

    func run(_ call: StepCall) async throws -> StepResult {
        guard let kind = call.services.ownKinds[phase.kind] else {
            // Another node may have it: programs are not replaced everywhere at once.
            throw StepFailure(code: "unknown_kind", message: "This node has no kind \(phase.kind).", isRetryable: true)
        }
        let own = OwnKindCall(call, phase, call.logger)
        let output = try await call.services.deadlines.run(within: call.definition.timeout) {
            do {
                return try await kind.run(own)
            } catch let failure as StepFailure {
                throw failure
            } catch {
                throw StepFailure(code: "kind_failed", message: "\(error)", isRetryable: true)
            }
        }
        guard let output else {
            let limit = DurationText.text(of: call.definition.timeout)
            throw StepFailure(code: "timeout", message: "The step took longer than \(limit).", isRetryable: true)
        }
        return .value(output.withoutNULs)
    }
}

/// A kind of phase that the embedding program brings.
package struct RegisteredKind: Sendable {
    package let name: String
    package let check: OwnKinds.Check
    /// Answers the phase's output. Throws `StepFailure` to say whether to try again; what else it throws is tried again.
    package let run: @Sendable (OwnKindCall) async throws -> JSON

    package init(name: String, check: @escaping OwnKinds.Check, run: @escaping @Sendable (OwnKindCall) async throws -> JSON) {
        self.name = name
        self.check = check
        self.run = run
    }
}

/// What a kind of the embedding program sees of the step that it runs.
package struct OwnKindCall: Sendable {
    private let call: StepCall
    package let attributes: JSON
    package let logger: Logger

    init(_ call: StepCall, _ phase: OwnPhase, _ logger: Logger) {
        self.call = call
        self.attributes = phase.attributes
        self.logger = logger
    }

    package var stepID: UUID { call.step.id }
    /// From 1; each claim of the step is a new one.
    package var attempt: Int { call.step.attempt }
    /// The element of a list that the step is for; nil without `for_each`.
    package var item: JSON? { call.step.input["item"] }
    /// Where the element stands in its list, from 0.
    package var index: Int? { call.step.input["index"]?.int }
    /// Which run of a phase with `repeat` the step belongs to.
    package var iteration: Int? { call.step.input["iteration"]?.int }
    package var phase: String { call.definition.id }
    package var context: ExecutionContext { call.context }
    package var input: JSON { call.material.task.input }
    package var config: JSON { call.material.task.config }

    /// The output of a finished phase; nil for one that has none.
    package func output(of phase: String) -> JSON? {
        call.material.task.accumulatedContext["phases"]?[phase]
    }

    /// Fills in a template as a prompt's.
    package func render(_ template: String) throws(ProblemList) -> String {
        try PromptTemplate(template).render(.object(call.promptScope.members))
    }
}

/// Cancels work whose time is up. One task sleeps for all of them: most work ends long before, and a sleep of its own would
/// cost more than a short step does.
final class Deadlines: Sendable {
    private struct State {
        var open: [Int: (deadline: ContinuousClock.Instant, cancel: @Sendable () -> Void)] = [:]
        var lastID = 0
        /// When the sleeping task wakes; nil: there is none.
        var wakesAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Runs `body`, and cancels it when the limit has passed; it is waited for, since nothing can be taken away from it.
    /// Nil when its time was up.
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

    /// Answers whether the time was not up.
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
            // One that was to wake earlier has taken this one's place.
            if state.wakesAt == deadline {
                state.wakesAt = nil
                if let next = state.open.values.map(\.deadline).min() { sleep(until: next, &state) }
            }
            return late.values.map(\.cancel)
        }
        for cancel in late { cancel() }
    }
}
