import Foundation
import Testing

@testable import Workflow

@Suite struct ModelTypesTests {
    @Test func usageAddsUpAndHasSnakeCaseKeys() throws {
        let sum = Usage(promptTokens: 3, completionTokens: 4) + Usage(promptTokens: 1, completionTokens: 1, totalTokens: 9)
        #expect(sum == Usage(promptTokens: 4, completionTokens: 5, totalTokens: 16))
        let coded = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(sum))
        #expect(coded == sum.json && coded["prompt_tokens"] == 4)
    }

    @Test func contextKeepsEveryKey() throws {
        let context = ExecutionContext(
            tenantID: "default", userID: "local", taskID: UUIDv7.next(), traceID: "t", metadata: ["a": 1])
        let coded = try JSON(parsing: JSONEncoder().encode(context))
        #expect(coded == context.json)
        #expect(coded.object?.keys.sorted() == ["conversation_id", "metadata", "task_id", "tenant_id", "trace_id", "user_id"])
        #expect(coded["conversation_id"] == .null)
        #expect(ExecutionContext(json: coded) == context)
        #expect(try JSONDecoder().decode(ExecutionContext.self, from: Data(coded.utf8)) == context)
        #expect(ExecutionContext(json: ["tenant_id": "x"]) == nil)
    }

    @Test(arguments: [
        (ProviderError.Code.rateLimited, true), (.unavailable, true), (.timeout, true), (.stalled, true), (.invalidResponse, true),
        (.contextLengthExceeded, false), (.refused, false), (.invalidRequest, false), (.unauthorized, false), (.notFound, false),
        (.cancelled, false), (.unknownModel, false), (ProviderError.Code(rawValue: "new"), false),
    ])
    func retryableCodes(_ code: ProviderError.Code, _ isRetryable: Bool) {
        #expect(ProviderError(code: code, message: "").isRetryable == isRetryable)
    }
}
