package import Base
import Workflow

extension ScriptedModelServer.Script {
    /// A provider as it should be: lists models, checks requests, streams answers, follows schemas, counts tokens.
    ///
    /// The answer depends on the body of the request alone.
    package static let decent = answering { request in
        if let value = decentValue(for: request) { return value.text }
        var generator = SeededGenerator(seedingFrom: request.text)
        let question = request["messages"]?.array?.last?["content"]?.string ?? ""
        let endings = ["So it goes.", "That is all.", "More tomorrow.", "The end."]
        return "A scripted answer to: \(question.prefix(80))\n\n" + endings[Int(generator.next(below: 4))]
    }

    /// The value that the schema of a request asks for; nil without a schema.
    package static func decentValue(for request: JSON) -> JSON? {
        let schema = request["response_format"]?["json_schema"]?["schema"] ?? request["tools"]?[0]?["input_schema"]
        var generator = SeededGenerator(seedingFrom: request.text)
        return schema.map { DecentSample.value(for: $0, using: &generator) }
    }

    /// A provider as it should be, whose answers a test writes; `answer` gets the body of the request.
    package static func answering(_ answer: @escaping @Sendable (JSON) -> String) -> Self {
        Self { request, reply in
            switch (request.method, String(request.path.prefix { $0 != "?" })) {
            case ("GET", "/v1/models"):
                let list: JSON = ["object": "list", "data": [["id": "scripted", "object": "model"]]]
                try await reply.answer(status: 200, headers: ["content-type": "application/json"], body: list.text)
            case ("POST", "/v1/chat/completions"):
                guard let body = request.json, let model = body["model"]?.string, body["messages"]?.array?.isEmpty == false else {
                    return try await error(400, type: "invalid_request_error", message: "malformed request").run(request, reply)
                }
                try await complete(body, model: model, text: answer(body), reply)
            case ("POST", "/v1/messages"):
                guard let body = request.json, let model = body["model"]?.string, body["messages"]?.array?.isEmpty == false,
                    body["max_tokens"]?.int != nil, request.headers["anthropic-version"] == "2023-06-01"
                else {
                    return try await error(400, type: "invalid_request_error", message: "malformed request").run(request, reply)
                }
                try await message(body, model: model, text: answer(body), reply)
            default:
                try await error(404, message: "no such endpoint").run(request, reply)
            }
        }
    }

    private static func complete(
        _ body: JSON, model: String, text: String, _ reply: ScriptedModelServer.Reply
    ) async throws {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let prompt = (body["messages"]?.array ?? []).compactMap { $0["content"]?.string }
            .reduce(0) { $0 + $1.split(whereSeparator: \.isWhitespace).count }
        guard body["stream"] == true else {
            let completion: JSON = [
                "object": "chat.completion", "model": .string(model),
                "choices": [["index": 0, "message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]],
                "usage": Usage(promptTokens: prompt, completionTokens: words.count).json,
            ]
            return try await reply.answer(
                status: 200, headers: ["content-type": "application/json"], body: completion.text)
        }
        try await reply.start()
        for (index, word) in words.enumerated() {
            let piece = index + 1 == words.count ? String(word) : word + " "
            try await reply.send("data: \(ScriptedModelServer.chunk(piece, model: model))\n\n")
        }
        try await reply.send("data: \(ScriptedModelServer.chunk(finish: "stop", model: model))\n\n")
        if body["stream_options"]?["include_usage"] == true {
            try await reply.send("data: \(ScriptedModelServer.usageChunk(prompt: prompt, completion: words.count))\n\n")
        }
        try await reply.send("data: [DONE]\n\n")
        try await reply.finish()
    }
}

/// Values for the plain schemas that the judging phases ask with.
private enum DecentSample {
    static func value(for schema: JSON, using generator: inout SeededGenerator) -> JSON {
        if let constant = schema["const"] { return constant }
        if let values = schema["enum"]?.array, !values.isEmpty {
            return values[Int(generator.next(below: UInt64(values.count)))]
        }
        if schema["type"]?.array?.contains("null") == true { return .null }
        switch schema["type"]?.string {
        case "object":
            var members: JSONObject = [:]
            for (key, property) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
                members[key] = value(for: property, using: &generator)
            }
            return .object(members)
        case "array":
            let items = schema["items"] ?? ["type": "string"]
            // A ballot: every label once.
            if let values = items["enum"]?.array, schema["minItems"]?.int == values.count {
                return .array(generator.shuffled(values))
            }
            return .array((0..<max(1, schema["minItems"]?.int ?? 1)).map { _ in value(for: items, using: &generator) })
        case "integer", "number":
            let low = Int64(schema["minimum"]?.double ?? 1)
            let high = max(low, Int64(schema["maximum"]?.double ?? Double(low + 9)))
            return .integer(low + Int64(generator.next(below: UInt64(high - low + 1))))
        case "boolean":
            return .bool(generator.nextUnit() < 0.7)
        case "null":
            return .null
        default:
            return "A scripted remark, longer than most schemas ask for."
        }
    }
}
