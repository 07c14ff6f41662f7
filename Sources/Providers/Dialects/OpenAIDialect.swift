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

    func body(of request: ModelRequest) -> JSONObject {
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
        return body
    }

    func makeReader(for request: ModelRequest) -> any ChunkReader { ChatCompletionReader() }
}

package typealias OpenAIOptions = OpenAIDialect

/// Reads chat completions, streamed or whole.
struct ChatCompletionReader: ChunkReader {
    func read(chunk: JSON, event: String, into answer: inout PartialAnswer) throws(ProviderError) {
        if let error = Self.error(in: chunk, event) { throw ServerFailure(error: error).providerError(status: nil) }
        answer.note(model: chunk["model"]?.string)
        if let usage = chunk["usage"].flatMap(Self.usage) { answer.usage = usage }
        answer.note(
            cached: chunk["usage"]?["prompt_tokens_details"]?["cached_tokens"],
            reasoning: chunk["usage"]?["completion_tokens_details"]?["reasoning_tokens"])
        // Only one answer is asked for. Where a server sends several, the one with the index 0 is it, wherever it is listed.
        let choices = chunk["choices"]?.array ?? []
        let choice = choices.enumerated().first { ($1["index"]?.int ?? $0) == 0 }?.element
        guard let choice else { return }
        if let error = Self.meaningful(choice["error"]) { throw ServerFailure(error: error).providerError(status: nil) }
        let delta = choice["delta"] ?? choice["message"]
        let content = ContentParts(delta?["content"] ?? choice["text"])
        answer.add(thought: delta?["reasoning_content"]?.string ?? delta?["reasoning"]?.string)
        answer.refusal += (delta?["refusal"]?.string ?? "") + content.refusal
        try answer.add(content.text)
        answer.end(StopWord(choice["finish_reason"]?.string))
        // OpenRouter sends the word of the server behind it too, which may tell of a failure that the first does not.
        if let native = StopWord(choice["native_finish_reason"]?.string), native.isBad { answer.end(native) }
    }

    func read(document: JSON, into answer: inout PartialAnswer) throws(ProviderError) {
        try read(chunk: document, event: "", into: &answer)
        guard document["choices"]?[0] != nil else {
            throw ProviderError(code: .invalidResponse, message: "the response has no choices, and so no answer")
        }
    }

    /// The error that a chunk is, by any of the ways in which servers send one.
    private static func error(in chunk: JSON, _ event: String) -> JSON? {
        if event == "error" || chunk["object"] == "error" { return meaningful(chunk["error"]) ?? chunk }
        return meaningful(chunk["error"])
    }

    /// Nil for what says that there is no error.
    private static func meaningful(_ error: JSON?) -> JSON? {
        guard let error, !error.isNull, error != false, error != "", error != [:] else { return nil }
        return error
    }

    private static func usage(_ json: JSON) -> Usage? {
        Usage(
            reportedPrompt: [json["prompt_tokens"] ?? json["input_tokens"]],
            completion: json["completion_tokens"] ?? json["output_tokens"], total: json["total_tokens"])
    }
}

/// The content of a message: a text, or a list of parts, of which the texts count. Thoughts are no part of the answer.
struct ContentParts {
    private(set) var text = ""
    private(set) var refusal = ""

    init(_ content: JSON?) {
        switch content {
        case .string(let text): self.text = text
        case .array(let parts): for part in parts { add(part) }
        case .object: if let content { add(content) }
        default: break
        }
    }

    private mutating func add(_ part: JSON) {
        if let text = part.string {
            self.text += text
            return
        }
        switch part["type"]?.string {
        case nil, "text", "output_text", "text_delta": text += part["text"]?.string ?? part["text"]?["value"]?.string ?? ""
        case "refusal": refusal += part["refusal"]?.string ?? ""
        default: break
        }
    }
}
