import AsyncHTTPClient
import Base
import Foundation
import TestSupport
import Testing
import Workflow

@testable import Providers

/// Answers at random, for both dialects. `PRESSROOM_TEST_ANSWERS=n` makes more of them, `PRESSROOM_TEST_SEED=s` repeats
/// those of a seed.
@Suite("Answers at random", .limit(minutes: 30))
struct AnswerFuzzTests {
    private static var count: Int {
        ProcessInfo.processInfo.environment["PRESSROOM_TEST_ANSWERS"].flatMap { Int($0) } ?? 300
    }

    @Test("Every call ends; a whole answer is taken whole and unmarked; half of one is marked, or a failure")
    func answers() async throws {
        let seed = Seed.pick("answers")
        let outcomes = try await ScriptedModelServer.withServer { server in
            try await withHTTPClient { client in
                // The prompt is the number of the answer.
                server.answerAlways(
                    with: .init { request, reply in
                        let number = request.json?["messages"]?[0]?["content"]?.string ?? ""
                        try await Self.answer(seed, number).script.run(request, reply)
                    })
                return await withTaskGroup(of: String.self) { group in
                    let count = Self.count
                    var outcomes: [String: Int] = [:]
                    for number in 0..<count {
                        if number >= 16, let outcome = await group.next() { outcomes[outcome, default: 0] += 1 }
                        group.addTask { await check("\(number)", seed, server.baseURL, client) }
                    }
                    for await outcome in group { outcomes[outcome, default: 0] += 1 }
                    return outcomes
                }
            }
        }
        print("answers: \(outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))")
        #expect(outcomes.values.reduce(0, +) == Self.count)
        // The grammar has not lost a part of itself.
        for outcome in ["whole", "cut", "failed"] { #expect(outcomes[outcome] ?? 0 > Self.count / 20, "seed \(seed)") }
    }

    private static func answer(_ seed: UInt64, _ number: String) -> RandomAnswer {
        RandomAnswer(SeededGenerator(seedingFrom: "\(seed)", number))
    }

    private func check(_ number: String, _ seed: UInt64, _ baseURL: String, _ client: HTTPClient) async -> String {
        let answer = Self.answer(seed, number)
        var limits = Dialect.Limits()
        if case .silent = answer.ending {
            // Long where all of it comes: a busy machine is silent too.
            limits.firstTokenTimeout = answer.hasToArrive ? .seconds(30) : .milliseconds(50)
            limits.stallTimeout = answer.hasToArrive ? .seconds(2) : .milliseconds(50)
        }
        let dialect = answer.api == .openai ? Dialect.openai : .anthropic
        let model = dialect.model(baseURL, nil, limits, client)
        let collector = TextCollector()
        let place = Comment("seed \(seed), answer \(number), \(answer.api), \(answer.outcome), \(answer.ending)")
        let response: ModelResponse
        do throws(ProviderError) {
            response = try await model.complete(.sample(number, schema: answer.tool == nil ? nil : .ballot, timeout: .seconds(60))) { collector.append($0) }
        } catch {
            #expect(error.code != .timeout || answer.status == 408, "\(place): \(error)")
            #expect(!error.message.isEmpty, place)
            switch answer.outcome {
            case .whole, .cut:
                #expect(!answer.hasToArrive, "\(place): \(error)")
                #expect(error.isRetryable, "\(place): \(error)")
                #expect(answer.text.utf8.starts(with: collector.text.utf8), "\(place): \(collector.text)")
            case .failure, .any:
                break
            }
            return "failed"
        }
        #expect(Data(collector.text.utf8) == Data(response.text.utf8), place)
        for count in [response.usage.promptTokens, response.usage.completionTokens, response.usage.totalTokens] {
            #expect((0...TokenCount.maxSum).contains(count), place)
        }
        let isCut = response.finishReason?.isCut == true
        switch answer.outcome {
        case .whole, .cut:
            #expect(isCut == (answer.outcome == .cut), "\(place): \(String(describing: response.finishReason))")
            #expect(Data(response.text.utf8) == Data(answer.text.utf8), "\(place): \(response.text) instead of \(answer.text)")
        case .failure:
            Issue.record("\(place): \(response)")
        case .any:
            break
        }
        return isCut ? "cut" : "whole"
    }
}
