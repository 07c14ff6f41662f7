import Base
import NIOHTTP1
import Workflow

/// OpenAI's chat completions, which most servers implement.
package struct OpenAIDialect: ModelDialect {
    /// The member of the request that limits the tokens of the answer.
    package enum TokenLimitField: String, Sendable, CaseIterable {
        /// Nearly every server understands it.
        case maxTokens = "max_tokens"
        /// OpenAI's reasoning models require it instead.
        case maxCompletionTokens = "max_completion_tokens"
    }

    var tokenLimitField = TokenLimitField.maxTokens

    let defaultBaseURL: String? = nil
    let callPath = "/chat/completions"
    let modelsPath = "/models"

    func authorize(_ headers: inout HTTPHeaders, key: String?) {
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
    }

    func body(of request: ModelRequest) -> JSON {
        var body: JSONObject = [
            "model": .string(request.model.model),
            "messages": .array(request.messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] }),
            "stream": true,
            "stream_options": ["include_usage": true],
            // 31 bits, because some servers read the seed into a signed 32-bit integer.
            "seed": .integer(Int64(request.seed & 0x7FFF_FFFF)),
        ]
        if let temperature = request.temperature { body["temperature"] = .number(temperature) }
        if let limit = request.maxTokens { body[tokenLimitField.rawValue] = .integer(Int64(limit)) }
        if let schema = request.schema {
            body["response_format"] = [
                "type": "json_schema",
                "json_schema": ["name": .string(schema.name), "schema": schema.schema, "strict": .bool(schema.isClosed)],
            ]
        }
        return .object(body)
    }

    func makeStream() -> any AnswerStream { ChatCompletionStream() }
}

package typealias OpenAIOptions = OpenAIDialect

/// Assembles a streamed chat completion, chunk by chunk.
struct ChatCompletionStream: AnswerStream {
    private var text = ""
    private var refusal = ""
    private var usage = Usage.zero
    private var finishReason: String?
    private var model: String?
    private(set) var isDone = false
    private(set) var hasBegun = false

    mutating func receive(_ event: EventStreamParser.Event) throws(ProviderError) -> String? {
        if event.data.elementsEqual("[DONE]".utf8) {
            isDone = true
            return nil
        }
        let chunk: JSON
        do {
            chunk = try JSON(parsing: event.data)
        } catch {
            throw ProviderError(code: .invalidResponse, message: "a chunk of the stream is not JSON: \(error)")
        }
        if event.name == "error", chunk["error"] == nil {
            throw ServerFailure(error: chunk).providerError(status: nil)
        }
        return try receive(chunk: chunk)
    }

    /// Takes a chunk, or a whole completion of a server that does not stream.
    private mutating func receive(chunk: JSON) throws(ProviderError) -> String? {
        if let error = chunk["error"], !error.isNull {
            throw ServerFailure(error: error).providerError(status: nil)
        }
        if let model = chunk["model"]?.string, !model.isEmpty { self.model = model }
        if let usage = chunk["usage"].flatMap(Self.usage) { self.usage = usage }
        guard let choice = chunk["choices"]?[0] else { return nil }
        if let reason = choice["finish_reason"]?.string { finishReason = reason }
        let delta = choice["delta"] ?? choice["message"]
        if let piece = delta?["refusal"]?.string { refusal += piece }
        guard let piece = delta?["content"]?.string, !piece.isEmpty else { return nil }
        hasBegun = true
        text += piece
        return piece
    }

    var isComplete: Bool { isDone || finishReason != nil }

    func response(model requested: String) throws(ProviderError) -> ModelResponse {
        if finishReason == "content_filter" {
            throw ProviderError(code: .refused, message: "the provider's content filter stopped the answer")
        }
        guard isComplete else {
            throw ProviderError(code: .invalidResponse, message: "the stream was cut off before the answer was complete")
        }
        if !refusal.isEmpty {
            throw ProviderError(code: .refused, message: "the model refused: \(refusal.prefix(500))")
        }
        return ModelResponse(text: text, usage: usage, finishReason: finishReason, model: model ?? requested)
    }

    private static func usage(_ json: JSON) -> Usage? {
        guard json.object != nil else { return nil }
        return Usage(
            promptTokens: json["prompt_tokens"]?.int ?? 0,
            completionTokens: json["completion_tokens"]?.int ?? 0,
            totalTokens: json["total_tokens"]?.int)
    }
}
