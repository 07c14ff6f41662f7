import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Requests and tokens per minute", .limit(minutes: 3))
struct ModelRateTests {
    /// As if so much time had passed on the database's clock.
    private func pass(_ interval: String, _ newsroom: Newsroom) async throws {
        _ = try await newsroom.client.query("UPDATE pressroom.model_rates SET refilled_at = refilled_at - \(interval)::interval")
    }

    @Test("A request a minute: the next step starts a minute later, other models' at once")
    func requests() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(model: "m/x", priority: 5, each: 9)
            try await newsroom.addSteps(model: "n/x", each: 5)
            let limits = ClaimLimits(models: ["m": ModelLimits(requestsPerMinute: 1)])
            let claimed = try await newsroom.claim(limits: limits)
            #expect(claimed.count { $0.model?.provider == "m" } == 1)
            #expect(claimed.count == 6)
            // Over or not, it was a request of this minute.
            try await newsroom.close(claimed)
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            let capacity = try #require(try await newsroom.store.waitingQueues(limits).models["m"])
            #expect(capacity.steps == 0)
            #expect(capacity.opensIn > .seconds(1) && capacity.opensIn <= .seconds(60))
            try await pass("30s", newsroom)
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            try await pass("31s", newsroom)
            #expect(try await newsroom.claim(limits: limits).count == 1)
            // An hour in which nobody asked does not add up, and a clock that was set back breaks nothing.
            try await pass("1h", newsroom)
            #expect(try await newsroom.claim(limits: limits).count == 1)
            try await pass("-1h", newsroom)
            #expect(try await newsroom.claim(limits: limits).isEmpty)
        }
    }

    @Test("A twentieth of the limit may start at once; a provider's limit and its model's both hold")
    func burst() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(tenant: "a", model: "m/x", each: 20)
            try await newsroom.addSteps(tenant: "b", model: "m/y", each: 20)
            let limits = ClaimLimits(models: ["m": ModelLimits(requestsPerMinute: 100), "m/x": ModelLimits(requestsPerMinute: 40)])
            #expect(try await newsroom.claim(tenant: "a", limits: limits).count == 2)
            #expect(try await newsroom.claim(tenant: "b", limit: 20, limits: limits).count >= 3)
            #expect(try await newsroom.running("model = 'm/y'") <= 5)
        }
    }

    @Test("Tokens are charged as expected at the claim, and as they were after the call")
    func tokens() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(model: "m/x", each: 9)
            let limits = ClaimLimits(models: ["m/x": ModelLimits(tokensPerMinute: 1_200)])
            let first = try await newsroom.claim(limits: limits)
            #expect(first.count == 1)
            #expect(first.first?.charged == ["m/x": 1_000])
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            // It took 500, so 500 come back; calls are now expected to take 500.
            try await newsroom.store.charge(["m/x": ModelSpending(requests: 0, tokens: -500, calls: 1, callTokens: 500)])
            #expect(try await newsroom.text("SELECT (tokens BETWEEN -441 AND -439)::text FROM pressroom.model_rates") == "true")
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            try await pass("30s", newsroom)
            let second = try await newsroom.claim(limits: limits)
            #expect(second.first?.charged == ["m/x": 500])
            #expect(second.count == 1)
            // A call that took more than all that was left puts off the next ones until it is paid.
            try await newsroom.store.charge(["m/x": ModelSpending(requests: 0, tokens: 4_500, calls: 1, callTokens: 5_000)])
            #expect(try await newsroom.text("SELECT round(tokens_per_call) FROM pressroom.model_rates") == "950")
            try await pass("4m", newsroom)
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            try await pass("1m", newsroom)
            #expect(try await newsroom.claim(limits: limits).count == 1)
        }
    }

    @Test("One wrong count closes a provider for minutes at most, and rows may hold what is no number")
    func wrongCounts() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(model: "m/x", each: 9)
            let limits = ClaimLimits(models: ["m": ModelLimits(tokensPerMinute: 1_000)])
            #expect(try await newsroom.claim(limits: limits).count == 1)
            try await newsroom.store.charge(["m": ModelSpending(tokens: Double(TokenCount.max), calls: 1, callTokens: 1_000)])
            let room = try #require(try await newsroom.store.waitingQueues(limits).models["m"])
            #expect(room.steps == 0)
            #expect(room.opensIn > .seconds(60) && room.opensIn < .seconds(6 * 60))
            try await pass("6m", newsroom)
            #expect(try await newsroom.claim(limits: limits).count == 1)
            for row in [
                "tokens = 0.5, tokens_per_call = 0", "tokens = 0.5, tokens_per_call = 'NaN'", "tokens = 'NaN'", "tokens = 'Infinity', tokens_per_call = 1e300",
            ] {
                _ = try await newsroom.client.query("UPDATE pressroom.model_rates SET refilled_at = now(), \(raw: row)")
                #expect(try await !newsroom.claim(limits: limits).isEmpty, "\(row)")
            }
            _ = try await newsroom.client.query("UPDATE pressroom.model_rates SET refilled_at = now(), tokens = '-Infinity'")
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            #expect(try await newsroom.store.waitingQueues(limits).models["m"]?.opensIn ?? .zero < .seconds(6 * 60))
        }
    }

    @Test("A call whose provider counts nothing takes a token at least; what is learnt of one is a minute's worth at most")
    func learnt() async throws {
        let meter = ModelMeter(["m": ModelLimits(tokensPerMinute: 100)])
        meter.called(["m"], tokens: TokenCount.max)
        #expect(meter.take() == ["m": ModelSpending(requests: 1, tokens: Double(TokenCount.max), calls: 1, callTokens: 100)])
        let name = try #require(ModelName("m/x"))
        let model = meter.metered(SilentModel(), name)
        let request = ModelRequest(
            model: name, messages: [ModelMessage(role: .user, content: "?")], seed: 1, timeout: .seconds(1),
            context: ExecutionContext(tenantID: "a", userID: "b", taskID: UUIDv7.next(), traceID: "00"), phase: "p", agent: "a")
        _ = try await model.complete(request) { _ in }
        #expect(meter.take() == ["m": ModelSpending(requests: 1, tokens: 1, calls: 1, callTokens: 1)])
    }

    @Test("A processor charges what its calls took, and gives back what a step did not use")
    func metering() async throws {
        try await withNewsroom { newsroom in
            var configuration = ProcessorConfiguration()
            configuration.limits = ClaimLimits(models: ["test": ModelLimits(requestsPerMinute: 1_000, tokensPerMinute: 1_000_000)])
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }, configuration: configuration) { _ in
                let task = try await newsroom.start(Definitions.approval)
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE task_id = \(task) AND status = 'completed'") == 1
                }
            }
            // A bucket of 50 requests and 50,000 tokens, less one call of 15 tokens.
            let row = try await newsroom.client.query("SELECT scope, requests, tokens, tokens_per_call FROM pressroom.model_rates")[0]
            #expect(try row.decode("scope", as: String.self) == "test")
            #expect(try row.decode("requests", as: Double.self) == 49)
            #expect(try row.decode("tokens", as: Double.self) == 49_985)
            #expect(try row.decode("tokens_per_call", as: Double.self) == 15)
        }
    }

    @Test("Calls that fail count as requests, a second call of a step as another")
    func meter() async throws {
        let meter = ModelMeter(["m": ModelLimits(requestsPerMinute: 10), "m/x": ModelLimits(concurrency: 3)])
        let name = try #require(ModelName("m/x"))
        let scripted =
            ScriptedModel { call throws(ProviderError) in
                if call.repetition == 1 { throw ProviderError(code: .unavailable, message: "down") }
                return "text"
            }
        let model = meter.metered(scripted, name)
        let request = ModelRequest(
            model: name, messages: [], temperature: nil, maxTokens: nil, schema: nil, seed: 1, timeout: .seconds(1),
            context: ExecutionContext(tenantID: "a", userID: "b", taskID: UUIDv7.next(), traceID: "00"), phase: "p", agent: "a")
        await #expect(throws: ProviderError.self) { try await model.complete(request) { _ in } }
        _ = try await model.complete(request) { _ in }
        #expect(meter.take() == ["m": ModelSpending(requests: 2, tokens: 15, calls: 1, callTokens: 15)])
        #expect(meter.take().isEmpty)
        #expect(meter.metered(scripted, try #require(ModelName("n/x"))) is ScriptedModel)
    }
}

/// Answers with one letter and counts no tokens.
private struct SilentModel: LanguageModel {
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        ModelResponse(text: "k", usage: .zero, finishReason: .stop, model: "silent")
    }
}
