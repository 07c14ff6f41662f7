import Base
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("openai: requests and answers", .limit(minutes: 2))
struct OpenAIModelTests {
    @Test("sends what chat completions ask for")
    func requestBody() async throws {
        try await withOpenAI(key: APIKey("sk-secret")) { model, server in
            var request = ModelRequest.sample("Hello", system: "Be brief.", model: "org/tiny")
            request.temperature = 0.5
            request.maxTokens = 200
            request.seed = 0xFFFF_FFFF_8000_0001
            _ = try await model.answer(request)
            let sent = try #require(server.requests.first)
            #expect(sent.method == "POST")
            #expect(sent.path == "/v1/chat/completions")
            #expect(sent.headers["content-type"] == "application/json")
            #expect(sent.headers["authorization"] == "Bearer sk-secret")
            #expect(sent.headers["user-agent"] == "pressroom")
            #expect(sent.headers["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
            #expect(
                sent.json == [
                    "model": "org/tiny", "stream": true, "stream_options": ["include_usage": true], "seed": 1,
                    "temperature": 0.5, "max_tokens": 200,
                    "messages": [["role": "system", "content": "Be brief."], ["role": "user", "content": "Hello"]],
                ])
        }
    }

    @Test("leaves out what the request leaves out, and the key when there is none")
    func bareRequest() async throws {
        try await withOpenAI { model, server in
            _ = try await model.answer()
            let sent = try #require(server.requests.first)
            #expect(sent.headers["authorization"] == nil)
            let keys = try #require(sent.json?.object).keys.sorted()
            #expect(keys == ["messages", "model", "seed", "stream", "stream_options"])
        }
    }

    @Test("asks for a schema strictly")
    func schema() async throws {
        try await withOpenAI { model, server in
            _ = try await model.answer(.sample(schema: .ballot))
            #expect(
                server.requests.first?.json?["response_format"] == [
                    "type": "json_schema",
                    "json_schema": ["name": "ballot", "strict": true, "schema": ResponseSchema.ballot.schema],
                ])
        }
    }

    @Test("names the token limit as configured")
    func tokenLimitField() async throws {
        try await withOpenAI(configure: { $0.tokenLimitField = .maxCompletionTokens }) { model, server in
            var request = ModelRequest.sample()
            request.maxTokens = 9
            _ = try await model.answer(request)
            #expect(server.requests.first?.json?["max_completion_tokens"] == 9)
            #expect(server.requests.first?.json?["max_tokens"] == nil)
        }
    }

    @Test("takes usage, model and reason from the stream")
    func usage() async throws {
        let events = [
            ScriptedModelServer.chunk("One "), ScriptedModelServer.chunk("two"), ScriptedModelServer.chunk(finish: "length"),
            ScriptedModelServer.usageChunk(prompt: 11, completion: 2), "[DONE]",
        ]
        try await withOpenAI(.events(events)) { model, _ in
            let response = try await model.answer()
            #expect(
                response
                    == ModelResponse(
                        text: "One two", usage: Usage(promptTokens: 11, completionTokens: 2), finishReason: .length,
                        model: "scripted"))
        }
    }

    @Test("makes up no usage where the server gives none")
    func noUsage() async throws {
        try await withOpenAI(.events([ScriptedModelServer.chunk("One"), ScriptedModelServer.chunk(finish: "stop")])) { model, _ in
            let response = try await model.answer()
            #expect(response.usage == .zero)
        }
    }

    @Test("hands out each piece before the next one is sent")
    func streams() async throws {
        let collector = TextCollector()
        let firstSeen = ScriptedModelServer.Signal()
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            try await reply.send("data: \(ScriptedModelServer.chunk("One "))\n\n")
            await firstSeen.wait()
            try await reply.send("data: \(ScriptedModelServer.chunk("two", finish: "stop"))\n\ndata: [DONE]\n\n")
            try await reply.finish()
        }
        try await withOpenAI(script) { model, _ in
            let response = try await model.complete(.sample()) { piece in
                collector.append(piece)
                firstSeen.fire()
            }
            #expect(collector.pieces == ["One ", "two"])
            #expect(response.text == "One two")
        }
    }

    @Test("reads a stream in pieces of one byte, across characters")
    func singleBytes() async throws {
        let stream = [ScriptedModelServer.chunk("Käse 🧀 "), ScriptedModelServer.chunk("日本", finish: "stop"), "[DONE]"]
            .map { "data: \($0)\r\n\r\n" }.joined()
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            for byte in stream.utf8 { try await reply.send([byte]) }
            try await reply.finish()
        }
        try await withOpenAI(script) { model, _ in
            let collector = TextCollector()
            let response = try await model.complete(.sample()) { collector.append($0) }
            #expect(response.text == "Käse 🧀 日本")
            #expect(collector.pieces == ["Käse 🧀 ", "日本"])
        }
    }

    @Test("understands a server that does not stream")
    func wholeDocument() async throws {
        let body: JSON = [
            "model": "plain", "choices": [["message": ["content": "All at once."], "finish_reason": "stop"]],
            "usage": ["prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7],
        ]
        let script = ScriptedModelServer.Script.status(200, headers: ["content-type": "application/json"], body: body.text)
        try await withOpenAI(script) { model, _ in
            let collector = TextCollector()
            let response = try await model.complete(.sample()) { collector.append($0) }
            #expect(response.text == "All at once.")
            #expect(collector.text == "All at once.")
            #expect(response.usage.totalTokens == 7)
        }
    }

    @Test("uses a connection again")
    func reusesConnection() async throws {
        try await withOpenAI { model, server in
            for _ in 0..<3 { _ = try await model.answer() }
            #expect(Set(server.requests.map(\.connection)).count == 1)
        }
    }
}
