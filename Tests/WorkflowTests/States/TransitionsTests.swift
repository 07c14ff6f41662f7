import TestSupport
import Testing

@testable import Workflow

@Suite struct TransitionsTests {
    @Test func tableHasNoRepeatsAndNoLoops() {
        #expect(Set(Transitions.table).count == Transitions.table.count)
        #expect(Transitions.table.allSatisfy { $0.from != $0.to })
        #expect(Set(Transitions.table.map(\.entity)) == Set(Transition.Entity.allCases))
    }

    @Test func everyStatusIsReachableAndEveryOpenOneCanEnd() {
        check(TaskStatus.self, start: .pending) { $0.isTerminal }
        check(PhaseStatus.self, start: .pending) { $0.isTerminal }
        check(StepStatus.self, start: .pending) { $0.isTerminal }
        check(OutputStatus.self, start: .pendingWrite) { $0.isSettled }
        check(EvaluationStatus.self, start: .pending) { $0.isTerminal }
        check(HumanTaskStatus.self, start: .pending) { $0.isTerminal }
    }

    /// Only a retry leaves a terminal status, and only from `failed` (or a phase that was skipped).
    @Test func terminalStatusesAreLeftOnlyByRetries() {
        let left = Transitions.table.filter { transition in
            switch transition.entity {
            case .task: TaskStatus(rawValue: transition.from)?.isTerminal ?? false
            case .phase: PhaseStatus(rawValue: transition.from)?.isTerminal ?? false
            case .step: StepStatus(rawValue: transition.from)?.isTerminal ?? false
            case .output: OutputStatus(rawValue: transition.from)?.isSettled ?? false
            case .evaluation: EvaluationStatus(rawValue: transition.from)?.isTerminal ?? false
            case .humanTask: HumanTaskStatus(rawValue: transition.from)?.isTerminal ?? false
            }
        }
        #expect(left.allSatisfy { $0.from == "failed" || ($0.entity == .phase && $0.from == "skipped") })
    }

    @Test func legalityFollowsTheTable() {
        #expect(Transitions.isLegal(TaskStatus.failed, .running))
        #expect(!Transitions.isLegal(TaskStatus.completed, .running))
        #expect(!Transitions.isLegal(TaskStatus.running, .running))
        #expect(!Transitions.isLegal(PhaseStatus.completed, .pending))
        #expect(Transitions.isLegal(entity: .step, from: "failed", to: "pending"))
        #expect(!Transitions.isLegal(entity: .step, from: "failed", to: "flying"))
        #expect(Transitions.table.count == 101)
    }

    /// A fork takes over rows that are closed, or were closed when the phases that it keeps were done; it takes over no work in
    /// progress. What a processor adds and claims at once is at work from the start.
    @Test func newRowsAreNotAtWork() {
        #expect(Set(FirstStatus.table.map(\.entity)) == Set(Transition.Entity.allCases))
        #expect(Set(FirstStatus.table.map { "\($0.entity) \($0.status)" }).count == FirstStatus.table.count)
        for first in FirstStatus.table where first.entity != .step {
            #expect(first.isOfForks == !["pending", "pending_write", "writing", "processing"].contains(first.status), "\(first)")
        }
        let atWork: Set = ["editing", "rewriting", "retrying", "paused", "claimed"]
        #expect(FirstStatus.table.allSatisfy { !atWork.contains($0.status) })
        #expect(FirstStatus.isLegal(entity: .phase, "completed", inFork: true))
        #expect(!FirstStatus.isLegal(entity: .phase, "completed", inFork: false))
        #expect(!FirstStatus.isLegal(entity: .task, "completed", inFork: true))
        #expect(FirstStatus.isLegal(entity: .step, "running", inFork: false))
    }

    private func check<Status: TransitioningStatus & Hashable>(
        _ type: Status.Type, start: Status, isEnd: (Status) -> Bool
    ) {
        var reached: Set<Status> = [start]
        var open = [start]
        while let status = open.popLast() {
            for next in type.allCases where Transitions.isLegal(status, next) && reached.insert(next).inserted { open.append(next) }
        }
        #expect(reached == Set(type.allCases))
        for status in type.allCases where !isEnd(status) {
            #expect(type.allCases.contains { Transitions.isLegal(status, $0) }, "\(status) is a dead end")
        }
        let names = Set(type.allCases.map(\.rawValue))
        for transition in Transitions.table where transition.entity == type.entity {
            #expect(names.contains(transition.from) && names.contains(transition.to))
        }
    }
}
