import Base
import Foundation
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Running steps", .limit(minutes: 3))
struct RunningStepsTests {
    @Test("What is lost is an attempt: a later one of the step runs on, and the earlier one is dropped when it begins")
    func attempts() async {
        let running = RunningSteps()
        let dropped = Mutex<Set<Int>>([])
        var row = StepRow(phaseID: UUIDv7.next(), kind: .agent, sequence: 0, maxAttempts: 3)
        func begin(_ attempt: Int) async -> ClaimedStep {
            row.attempt = attempt
            let step = ClaimedStep(row, taskID: UUIDv7.next(), tenantID: "default")
            let (begun, end) = (Gate(), Gate())
            running.start(step) {
                await withTaskCancellationHandler {
                    begun.open()
                    await end.wait()
                } onCancel: {
                    dropped.withLock { _ = $0.insert(attempt) }
                    end.open()
                }
            }
            await begun.wait()
            return step
        }
        let first = await begin(1)
        running.cancel([(first.key, 2)])
        #expect(dropped.withLock { $0 } == [])
        _ = await begin(2)
        #expect(dropped.withLock { $0 } == [1])
        running.cancel([(first.key, 1)])
        #expect(dropped.withLock { $0 } == [1])
        #expect(running.held().map(\.attempt) == [2])
        running.cancel([(first.key, 2)])
        #expect(dropped.withLock { $0 } == [1, 2])
        await running.wait()
    }
}
