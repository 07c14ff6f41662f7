import Base
import Foundation
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor
@testable import Store

/// Rows of two tenants may have the same ids: what a node keeps in memory of one is never the other's.
@Suite("Two tenants with the same ids", .limit(minutes: 1))
struct TenantKeyTests {
    private let taskID = UUID()
    private let stepID = UUID()
    private let outputID = UUID()

    private func step(of tenant: String, attempt: Int = 1) -> ClaimedStep {
        ClaimedStep(
            tenantID: tenant, taskID: taskID, id: stepID, phaseID: UUID(), outputID: outputID, kind: .write, agent: nil,
            model: nil, attempt: attempt, input: [:])
    }

    @Test("Texts in progress")
    func texts() {
        let published = Mutex<[String]>([])
        let texts = TextsInProgress { event in
            if case .delta(let delta) = event { published.withLock { $0.append("\(delta.tenantID): \(delta.text) at \(delta.offset)") } }
        }
        texts.append("one", to: .draft(outputID, version: 1), of: step(of: "a"))
        texts.append("two", to: .draft(outputID, version: 1), of: step(of: "b"))
        texts.append("!", to: .draft(outputID, version: 1), of: step(of: "a"))
        #expect(published.withLock { $0 } == ["a: one at 0", "b: two at 0", "a: ! at 3"])
        texts.end(FinishedStep(step(of: "a"), .handedBack))
        #expect(texts.takeUnsaved().map { "\($0.tenantID): \($0.text)" } == ["b: two"])
    }

    @Test("Running steps")
    func running() async {
        let running = RunningSteps()
        let ends = ["a": Gate(), "b": Gate()]
        let dropped = Mutex<Set<String>>([])
        for (tenant, end) in ends {
            let begun = Gate()
            running.start(step(of: tenant)) {
                await withTaskCancellationHandler {
                    begun.open()
                    await end.wait()
                } onCancel: {
                    dropped.withLock { _ = $0.insert(tenant) }
                    end.open()
                }
            }
            await begun.wait()
        }
        #expect(running.count == 2 && dropped.withLock { $0 } == [])
        running.cancel([(TenantKey("a", stepID), 1)])
        #expect(dropped.withLock { $0 } == ["a"])
        ends["b"]?.open()
        await running.wait()
    }

    @Test("Finished steps")
    func finished() {
        let finished = FinishedSteps()
        finished.add([FinishedStep(step(of: "a"), .handedBack)])
        let first = finished.take(atMost: 10)
        finished.add([FinishedStep(step(of: "b"), .handedBack)])
        // The task of the other tenant is not busy.
        let second = finished.take(atMost: 10)
        #expect(first.map(\.tenantID) == ["a"] && second.map(\.tenantID) == ["b"])
        finished.settle(first)
        #expect(finished.unsettled == [TenantKey("b", stepID)])
    }

    @Test("Tasks that cannot be moved on")
    func stuck() {
        let stuck = StuckTasks(delays: [.seconds(1), .seconds(2)])
        #expect(stuck.failed(TenantKey("a", taskID)) == .seconds(1))
        #expect(stuck.failed(TenantKey("b", taskID)) == .seconds(1))
        stuck.succeeded(TenantKey("a", taskID))
        #expect(stuck.failed(TenantKey("b", taskID)) == .seconds(2))
        #expect(stuck.failed(TenantKey("b", taskID)) == nil)
    }
}
