import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Fallbacks count for their own model's concurrency", .limit(minutes: 3))
struct FallbackSlotTests {
    private func name(_ text: String) throws -> ModelName { try #require(ModelName(text)) }

    @Test("A call has its slot under the limits of the model that is asked, and nowhere else")
    func slots() async throws {
        try await withNewsroom { newsroom in
            let one = ModelLimits(concurrency: 1)
            let models: ScopedModelLimits = ["a": one, "b": one]
            let limits = ClaimLimits(models: models)
            try await newsroom.addSteps(model: "a/x", each: 3)
            try await newsroom.addSteps(model: "b/y", each: 2)
            let claimed = try await newsroom.claim(limits: limits)
            let first = try #require(claimed.first { $0.model?.provider == "a" })
            let other = try #require(claimed.first { $0.model?.provider == "b" })
            #expect(claimed.count == 2)

            // b is full. A step that waits for it has left a.
            let (x, y, z) = (try name("a/x"), try name("b/y"), try name("b/z"))
            #expect(try await newsroom.store.moveCall(of: first, to: y, ["b": one]) == false)
            let second = try #require(try await newsroom.claim(limits: limits).first)
            #expect(second.model == x)
            try await newsroom.close([other])
            #expect(try await newsroom.store.moveCall(of: first, to: y, ["b": one]))
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            // Another model of the same provider takes the slot of the one before.
            #expect(try await newsroom.store.moveCall(of: first, to: z, ["b": one]))
            #expect(try await newsroom.store.moveCall(of: second, to: y, ["b": one]) == false)
            // Back to its own model: not while the other step is asked there.
            #expect(try await newsroom.store.moveCall(of: second, to: x, ["a": one]))
            #expect(try await newsroom.store.moveCall(of: first, to: x, ["a": one]) == false)

            // A step that has ended counts nowhere, though its row stays as after a crash.
            try await newsroom.close([first])
            let last = try await newsroom.claim(limits: limits)
            #expect(last.map(\.model) == [y])
            try await newsroom.store.endMovedCalls(of: second)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.fallback_calls") == 1)
            #expect(try await newsroom.store.moveCall(of: first, to: y, ["b": ModelLimits(concurrency: 9)]) == false)
        }
    }

    @Test("Two nodes whose model is down ask the next one no more often at a time than its limit")
    func nodes() async throws {
        try await withNewsroom { newsroom in
            let flights = Mutex((now: 0, most: 0))
            let gate = Gate()
            let down = ScriptedModel { call throws(ProviderError) in throw ProviderError(code: .unavailable, message: "down") }
            let busy = ScriptedModel { call in
                flights.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                await gate.wait()
                flights.withLock { $0.now -= 1 }
                return call.soundAnswer
            }
            let services = StepServices(models: { $0.provider == "down" ? down : busy })
            var configuration = ProcessorConfiguration()
            configuration.limits = ClaimLimits(models: ["busy": ModelLimits(concurrency: 2)])
            let workflow = try await newsroom.publish(
                """
                name: fallen
                version: 1.0.0
                agents:
                  warm: {role: writer, model: [down/x, busy/y]}
                phases:
                  - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
                """)
            try await newsroom.withProcessor(services, configuration: configuration) { [configuration] _ in
                try await newsroom.withProcessor(services, configuration: configuration) { _ in
                    var tasks: [UUID] = []
                    for number in 0..<6 { tasks.append(try await newsroom.start(workflow, input: ["topic": .integer(Int64(number))])) }
                    await down.waitForCalls(6)
                    await busy.waitForCalls(2)
                    gate.open()
                    for task in tasks { #expect(try await newsroom.waitForEnd(task) == "completed") }
                }
            }
            #expect(flights.withLock(\.most) <= 2)
            #expect(busy.calls.count == 6)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.fallback_calls") == 0)
        }
    }

    @Test("Where no slot is free in time, the fallback counts as down")
    func patience() async throws {
        try await withNewsroom { newsroom in
            let models: ScopedModelLimits = ["b": ModelLimits(concurrency: 1)]
            try await newsroom.addSteps(model: "b/y", each: 1)
            try await newsroom.addSteps(model: "a/x", each: 1)
            let claimed = try await newsroom.claim(limits: ClaimLimits(models: models))
            let step = try #require(claimed.first { $0.model?.provider == "a" })
            let slots = ModelSlots(store: newsroom.store, limits: models, logger: newsroom.logger)
            let slot = try #require(slots.slot(of: step))
            let model = try name("b/y")
            let error = await #expect(throws: ProviderError.self) { try await slot.move(to: model, within: .milliseconds(1)) }
            #expect(error?.code == .rateLimited)
            let waiting = Task { try await slot.move(to: model, within: .seconds(3_600)) }
            waiting.cancel()
            let cancelled = await #expect(throws: ProviderError.self) { try await waiting.value }
            #expect(cancelled?.code == .cancelled)
            #expect(ModelSlots(store: newsroom.store, limits: [:], logger: newsroom.logger).slot(of: step) == nil)
        }
    }
}
