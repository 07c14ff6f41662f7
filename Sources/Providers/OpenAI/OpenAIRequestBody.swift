import Workflow

/// The body of `POST /chat/completions`.
enum OpenAIRequestBody {
    static func json(for request: ModelRequest, tokenLimitField: OpenAIOptions.TokenLimitField) -> JSON {
        var body: [String: JSON] = [
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
}
