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
    func body(of request: ModelRequest) -> JSONObject {
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
        return body
    }

    func makeReader(for request: ModelRequest) -> any ChunkReader { MessageReader(tool: request.schema?.name) }
}

/// Reads messages, streamed or whole. The input of the tool that the request offers is the structured answer, and counts
/// as text; other tools, and thoughts, are no part of the answer.
struct MessageReader: ChunkReader {
    private enum Block {
        case text
        /// The answer's tool, with an input that some servers send in one piece, before any delta.
        case tool(whole: JSON?)
        case other
    }

    /// The name of the tool that takes the answer; nil where text is asked for.
    let tool: String?
    private var blocks: [Int: Block] = [:]
    private var promptTokens: [JSON?] = []
    private var completionTokens: JSON?

    init(tool: String?) {
        self.tool = tool
    }

    mutating func read(chunk: JSON, event: String, into answer: inout PartialAnswer) throws(ProviderError) {
        let type = chunk["type"]?.string ?? event
        if event == "error" || type == "error" {
            throw ServerFailure(error: chunk["error"] ?? chunk).providerError(status: nil)
        }
        let index = chunk["index"]?.int ?? 0
        switch type {
        case "message_start":
            note(chunk["message"], &answer)
        case "content_block_start":
            let block = block(chunk["content_block"] ?? [:])
            remember(block, at: index)
            if case .text = block { try answer.add(chunk["content_block"]?["text"]?.string) }
        case "content_block_delta":
            try add(delta: chunk["delta"] ?? [:], at: index, &answer)
        case "content_block_stop":
            try end(block: index, &answer)
        case "message_delta":
            note(chunk["delta"], &answer)
            count(chunk["usage"], &answer)
        case "message_stop":
            for index in blocks.keys.sorted() { try end(block: index, &answer) }
            answer.isDone = true
        case "message":
            try read(document: chunk, into: &answer)
            answer.isDone = true
        default:
            break  // `ping`, and what later versions add
        }
    }

    mutating func read(document: JSON, into answer: inout PartialAnswer) throws(ProviderError) {
        if document["type"] == "error" || document["error"]?.object != nil {
            throw ServerFailure(error: document["error"] ?? document).providerError(status: nil)
        }
        guard let content = document["content"] else {
            throw ProviderError(code: .invalidResponse, message: "the response has no content, and so no answer")
        }
        for part in content.array ?? [content] {
            switch part.string == nil ? block(part) : .text {
            case .text: try answer.add(part.string ?? part["text"]?.string)
            case .tool: try answer.add(part["input"]?.text)
            case .other: break
            }
        }
        note(document, &answer)
    }

    private func block(_ block: JSON) -> Block {
        switch block["type"]?.string {
        case "text", nil: return .text
        case "tool_use":
            guard let tool, block["name"]?.string == tool else { return .other }
            let input = block["input"] ?? [:]
            return .tool(whole: input == [:] || input.object == nil ? Optional.none : input)
        default: return .other
        }
    }

    private mutating func end(block index: Int, _ answer: inout PartialAnswer) throws(ProviderError) {
        if case .tool(let input?)? = blocks.removeValue(forKey: index) { try answer.add(input.text) }
    }

    /// An answer has few blocks; the index is only a key, whatever a server makes it.
    private mutating func remember(_ block: Block, at index: Int) {
        if blocks.count >= 1_000 { blocks = [:] }
        blocks[index] = block
    }

    private mutating func add(delta: JSON, at index: Int, _ answer: inout PartialAnswer) throws(ProviderError) {
        answer.add(thought: delta["thinking"]?.string)
        let isText = delta["type"] == "text_delta" || (delta["type"] == nil && delta["text"] != nil)
        let isInput = delta["type"] == "input_json_delta" || (delta["type"] == nil && delta["partial_json"] != nil)
        switch blocks[index] {
        case .text?, nil:
            if isText { try answer.add(delta["text"]?.string) }
            // Without the start of its block: it can only be the tool that was asked for.
            if isInput, tool != nil, blocks[index] == nil { try answer.add(delta["partial_json"]?.string) }
        case .tool?:
            guard isInput, let piece = delta["partial_json"]?.string, !piece.isEmpty else { return }
            blocks[index] = .tool(whole: nil)
            try answer.add(piece)
        case .other?:
            break
        }
    }

    private mutating func note(_ message: JSON?, _ answer: inout PartialAnswer) {
        answer.note(model: message?["model"]?.string)
        let word = StopWord(message?["stop_reason"]?.string)
        // The call of the tool that was asked for is the answer.
        answer.end(word == .reason(.toolCalls) && tool != nil ? .reason(.stop) : word)
        count(message?["usage"], &answer)
    }

    /// The numbers are totals: later ones replace earlier ones. Tokens read from or written to the provider's cache are
    /// part of the prompt.
    private mutating func count(_ usage: JSON?, _ answer: inout PartialAnswer) {
        guard let usage, usage.object != nil else { return }
        let prompt = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"].map { usage[$0] }
        let counted = Usage(reportedPrompt: prompt, completion: nil)?.promptTokens ?? 0
        if counted >= Usage(reportedPrompt: promptTokens, completion: nil)?.promptTokens ?? 0 { promptTokens = prompt }
        answer.note(cached: usage["cache_read_input_tokens"], reasoning: nil)
        if let tokens = usage["output_tokens"], TokenCount.reading(tokens) != nil { completionTokens = tokens }
        answer.usage = Usage(reportedPrompt: promptTokens, completion: completionTokens) ?? .zero
    }
}
