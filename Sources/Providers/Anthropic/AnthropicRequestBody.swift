import Workflow

/// The body of `POST /messages`.
///
/// A structured answer is asked for as the call of a tool whose input has the schema, since the model must then give
/// exactly such an input: there is one tool, and the model is told to call it.
enum AnthropicRequestBody {
    static func json(for request: ModelRequest, maxTokens: Int) -> JSON {
        let system = request.messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n")
        let turns = request.messages.filter { $0.role != .system }
        var body: [String: JSON] = [
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
}
