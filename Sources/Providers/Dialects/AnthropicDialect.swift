import Base
import NIOHTTP1
import Workflow

/// Anthropic's messages.
struct AnthropicDialect: ModelDialect {
    /// The version of the API.
    private static let version = "2023-06-01"

    /// The most tokens of an answer where the agent sets no limit; the API requires one.
    var maxTokens = 4_096

    let defaultBaseURL: String? = "https://api.anthropic.com/v1"
    let callPath = "/messages"
    // The longest page; all models are on it.
    let modelsPath = "/models?limit=1000"

    func authorize(_ headers: inout HTTPHeaders, key: String?) {
        headers.add(name: "anthropic-version", value: Self.version)
        if let key { headers.add(name: "x-api-key", value: key) }
    }

    /// A structured answer is the input of a tool: the request has one tool with the schema, and tells the model to call
    /// it, so the model must give exactly such an input.
    func body(of request: ModelRequest) -> JSON {
        let system = request.messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n")
        let turns = request.messages.filter { $0.role != .system }
        var body: JSONObject = [
            "model": .string(request.model.model),
            "max_tokens": .integer(Int64(request.maxTokens ?? maxTokens)),
            "messages": .array(turns.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] }),
            "stream": true,
        ]
        if !system.isEmpty { body["system"] = .string(system) }
        // The API knows 0…1 only; OpenAI's servers, and so definitions, go up to 2.
        if let temperature = request.temperature { body["temperature"] = .number(min(1, temperature)) }
        if let schema = request.schema {
            body["tools"] = [
                [
                    "name": .string(schema.name), "description": "Takes the answer. Call it once, with the whole answer.",
                    "input_schema": schema.schema,
                ]
            ]
            body["tool_choice"] = ["type": "tool", "name": .string(schema.name), "disable_parallel_tool_use": true]
        }
        return .object(body)
    }

    func makeStream() -> any AnswerStream { MessageStream() }
}

/// Assembles a streamed message; the input of a tool is the structured answer, and counts as text.
struct MessageStream: AnswerStream {
    private var text = ""
    private var promptTokens = 0
    private var completionTokens = 0
    private var stopReason: String?
    private var model: String?
    private(set) var isDone = false
    private(set) var hasBegun = false

    mutating func receive(_ event: EventStreamParser.Event) throws(ProviderError) -> String? {
        let data: JSON
        do {
            data = try JSON(parsing: event.data)
        } catch {
            throw ProviderError(code: .invalidResponse, message: "a piece of the stream is not JSON: \(error)")
        }
        if event.name == "error" || data["type"] == "error" {
            throw ServerFailure(error: data["error"] ?? data).providerError(status: nil)
        }
        switch data["type"]?.string {
        case "message_start":
            note(data["message"])
            return nil
        case "content_block_start":
            return add(data["content_block"]?["text"]?.string)
        case "content_block_delta":
            return add(data["delta"]?["text"]?.string ?? data["delta"]?["partial_json"]?.string)
        case "message_delta":
            note(data["delta"])
            count(data["usage"])
            return nil
        case "message_stop":
            isDone = true
            return nil
        case "message":
            return receive(whole: data)
        default:
            // `ping`, the ends of blocks, thoughts, and what later versions add.
            return nil
        }
    }

    /// Takes a message of a server that does not stream.
    private mutating func receive(whole message: JSON) -> String? {
        note(message)
        isDone = true
        let pieces = (message["content"]?.array ?? []).compactMap { block in
            block["type"] == "tool_use" ? block["input"]?.text : block["text"]?.string
        }
        return add(pieces.joined())
    }

    private mutating func add(_ piece: String?) -> String? {
        guard let piece, !piece.isEmpty else { return nil }
        hasBegun = true
        text += piece
        return piece
    }

    private mutating func note(_ message: JSON?) {
        if let name = message?["model"]?.string, !name.isEmpty { model = name }
        if let reason = message?["stop_reason"]?.string { stopReason = reason }
        count(message?["usage"])
    }

    /// The numbers are totals: later ones replace earlier ones. Tokens read from or written to the provider's cache are
    /// part of the prompt.
    private mutating func count(_ usage: JSON?) {
        let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"].compactMap { usage?[$0]?.int }
        if !parts.isEmpty { promptTokens = max(promptTokens, parts.reduce(0, +)) }
        if let tokens = usage?["output_tokens"]?.int { completionTokens = tokens }
    }

    var isComplete: Bool { isDone || stopReason != nil }

    func response(model requested: String) throws(ProviderError) -> ModelResponse {
        guard isComplete else {
            throw ProviderError(code: .invalidResponse, message: "the stream was cut off before the answer was complete")
        }
        if stopReason == "refusal" {
            throw ProviderError(code: .refused, message: "the model refused to answer")
        }
        return ModelResponse(
            text: text, usage: Usage(promptTokens: promptTokens, completionTokens: completionTokens),
            finishReason: stopReason, model: model ?? requested)
    }
}
