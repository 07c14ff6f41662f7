import Base
import Testing

@testable import Workflow

@Suite struct ModelTypesTests {
    @Test func usageAddsUpAndHasSnakeCaseKeys() throws {
        let sum = Usage(promptTokens: 3, completionTokens: 4) + Usage(promptTokens: 1, completionTokens: 1, totalTokens: 9)
        #expect(sum == Usage(promptTokens: 4, completionTokens: 5, totalTokens: 16))
        let coded = try JSON(parsing: sum.json.text)
        #expect(coded == sum.json && coded["prompt_tokens"] == 4)
    }

    @Test func usageAddsUpCostsAndModels() throws {
        let first = Usage(promptTokens: 1, completionTokens: 1, cost: 0.1, models: ["b/y"])
        let second = Usage(promptTokens: 1, completionTokens: 1, cost: 0.2, models: ["a/x"])
        let sum = first + second + Usage(promptTokens: 1, completionTokens: 0, models: ["b/y"])
        #expect(sum.cost == 0.3)
        #expect(sum.models == ["a/x", "b/y"])
        #expect(Usage(json: sum.json) == sum)
        #expect(try Usage(json: JSON(parsing: sum.json.text)) == sum)
        // What is not known is not there.
        #expect(Usage.zero.json.object?.keys.sorted() == ["completion_tokens", "prompt_tokens", "total_tokens"])
        #expect(Usage(json: [:]) == .zero)
        #expect((Usage.zero + Usage.zero).cost == nil)
    }

    @Test func contextKeepsEveryKey() throws {
        let context = ExecutionContext(
            tenantID: "default", userID: "local", taskID: UUIDv7.next(), traceID: "t", metadata: ["a": 1])
        let coded = try JSON(parsing: context.json.text)
        #expect(coded == context.json)
        #expect(coded.object?.keys.sorted() == ["conversation_id", "metadata", "task_id", "tenant_id", "trace_id", "user_id"])
        #expect(coded["conversation_id"] == .null)
        #expect(ExecutionContext(json: coded) == context)
        #expect(ExecutionContext(json: ["tenant_id": "x"]) == nil)
    }

    @Test(arguments: [
        (ProviderError.Code.rateLimited, true), (.unavailable, true), (.timeout, true), (.stalled, true), (.invalidResponse, true),
        (.contextLengthExceeded, false), (.cutOff, false), (.refused, false), (.invalidRequest, false), (.unauthorized, false), (.notFound, false), (.quotaExceeded, false),
        (.cancelled, false), (.unknownModel, false), (ProviderError.Code(rawValue: "new"), false),
    ])
    func retryableCodes(_ code: ProviderError.Code, _ isRetryable: Bool) {
        #expect(ProviderError(code: code, message: "").isRetryable == isRetryable)
    }

    @Test(arguments: CallCapture.allCases) func quotesAreKeptAsFarAsCalls(_ capture: CallCapture) {
        let error = ProviderError(code: .refused, message: "the model refused: No.", unquoted: "the model refused")
        let shown = error.shown(under: capture)
        #expect(shown.code == .refused)
        #expect(shown.message.contains("No.") == (capture != .none) && shown.message.hasPrefix("the model refused"))
        #expect(shown.shown(under: .none).message.contains("No.") == false)
        let plain = ProviderError(code: .stalled, message: "nothing for 30s")
        #expect(plain.shown(under: capture) == plain)
    }
}
