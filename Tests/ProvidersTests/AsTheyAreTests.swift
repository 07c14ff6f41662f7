import Base
import Foundation
import TestSupport
import Testing
import Workflow

@testable import Providers

/// Answers that deviate from the documents, as servers have been reported to send them.
@Suite("Servers as they are", .limit(minutes: 3))
struct AsTheyAreTests {
    typealias Script = ScriptedModelServer.Script

    /// Bytes as the body of a stream, in these pieces.
    private func stream(_ pieces: [String], headers: [String: String] = [:]) -> Script {
        Script { _, reply in
            try await reply.start(headers: ["content-type": "text/event-stream"].merging(headers) { $1 })
            for piece in pieces { try await reply.send(piece) }
            try await reply.finish()
        }
    }

    /// A chunk with one choice.
    private func choice(_ members: String) -> String { #"data: {"choices":[{"index":0,\#(members)}]}"# + "\n\n" }

    private func text(_ text: String) -> String { "data: \(ScriptedModelServer.chunk(text))\n\n" }

    private let stop = "data: \(ScriptedModelServer.chunk(finish: "stop"))\n\n"

    private func answer(_ pieces: [String], dialect: Dialect = .openai) async throws -> ModelResponse {
        try await withModel(dialect, stream(pieces)) { model, _ in
            let collector = TextCollector()
            let response = try await model.complete(.sample()) { collector.append($0) }
            #expect(collector.text == response.text)
            #expect(!collector.pieces.contains(""))
            return response
        }
    }

    private func failure(_ pieces: [String], dialect: Dialect = .openai) async throws -> ProviderError {
        try await withModel(dialect, stream(pieces)) { model, server in
            let error = try #require(await model.failure())
            #expect(server.requests.count == 1)
            return error
        }
    }

    // MARK: - Counts

    @Test("Counts of tokens are bounded, and the text is kept", arguments: [
        (#"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}"#, TokenCount.max, TokenCount.max),
        (#"{"prompt_tokens":9223372036854775807,"completion_tokens":1,"total_tokens":9223372036854775807}"#, TokenCount.max, 1),
        (#"{"prompt_tokens":-1000000000,"completion_tokens":5,"total_tokens":-999999995}"#, 0, 5),
        (#"{"prompt_tokens":1e400,"completion_tokens":-1e400}"#, TokenCount.max, 0),
        (#"{"prompt_tokens":2.5,"completion_tokens":"7"}"#, 3, 7), (#"{"prompt_tokens":"many","completion_tokens":null}"#, 0, 0),
        (#"{"prompt_tokens":NaN,"completion_tokens":12345678901234567890}"#, 0, TokenCount.max), ("{}", 0, 0), ("[]", 0, 0), ("7", 0, 0),
    ])
    func counts(usage: String, prompt: Int, completion: Int) async throws {
        let response = try await answer([text("One "), text("two"), stop, #"data: {"choices":[],"usage":\#(usage)}"# + "\n\ndata: [DONE]\n\n"])
        #expect(response.text == "One two")
        #expect(response.usage.promptTokens == prompt && response.usage.completionTokens == completion)
        let anthropic = usage.replacing("prompt_tokens", with: "input_tokens").replacing("completion_tokens", with: "output_tokens")
        let message = try await answer(
            [
                #"data: {"type":"message_start","message":{"usage":\#(anthropic)}}"# + "\n\n", "data: \(ScriptedModelServer.messageText("One"))\n\n",
                #"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":\#(anthropic)}"# + "\n\n",
                #"data: {"type":"message_stop"}"# + "\n\n",
            ], dialect: .anthropic)
        #expect(message.text == "One")
        #expect(message.usage.promptTokens == prompt && message.usage.completionTokens == completion)
    }

    @Test("The cost of any count is finite")
    func costs() {
        let price = TokenPrice(input: 1e6, output: 1e6)
        let cost = price.cost(of: Usage(promptTokens: .max, completionTokens: .max))
        #expect(cost?.isFinite == true)
        #expect(price.cost(of: .zero) == nil)
    }

    // MARK: - Ends

    @Test("A cut answer says so, in one word for all", arguments: [
        ("length", FinishReason.length), ("max_tokens", .length), ("MAX_TOKENS", .length), ("model_length", .length), ("stop", .stop), ("eos", .stop),
        ("tool_calls", .toolCalls), ("Something-New!", "something_new_"),
    ])
    func reasons(word: String, reason: FinishReason) async throws {
        let response = try await answer([text("Half"), choice(#""delta":{},"finish_reason":"\#(word)""#), "data: [DONE]\n\n"])
        #expect(response.finishReason == reason)
        #expect(response.text == "Half")
        #expect(reason.isCut == (reason == .length))
    }

    @Test("Anthropic's ends", arguments: [
        ("max_tokens", FinishReason.length), ("model_context_window_exceeded", .length), ("pause_turn", .pause), ("end_turn", .stop), ("stop_sequence", .stop),
    ])
    func stopReasons(word: String, reason: FinishReason) async throws {
        let events = [ScriptedModelServer.messageText("Half"), ScriptedModelServer.messageStop(word), #"{"type":"message_stop"}"#]
        let response = try await answer(events.map { "data: \($0)\n\n" }, dialect: .anthropic)
        #expect(response.finishReason == reason && response.text == "Half")
        #expect(reason.isCut == (reason != .stop))
    }

    @Test("A provider that failed in the middle has not answered", arguments: [
        #""delta":{},"finish_reason":"error""#, #""delta":{},"finish_reason":"stop","native_finish_reason":"network_error""#,
        #""delta":{},"finish_reason":"stop","error":{"code":502,"message":"upstream is gone"}"#, #""delta":{},"finish_reason":"insufficient_system_resource""#,
        #""delta":{},"finish_reason":null,"error":"boom""#,
    ])
    func failedInTheMiddle(end: String) async throws {
        let error = try await failure([text("Half a te"), choice(end), "data: [DONE]\n\n"])
        #expect(error.code == .unavailable && error.isRetryable)
    }

    @Test("What says that there is no error is none", arguments: ["null", "false", #""""#, "{}"])
    func noError(value: String) async throws {
        let response = try await answer([text("Whole."), #"data: {"error":\#(value),"choices":[{"index":0,"delta":{},"finish_reason":"stop","error":\#(value),"native_finish_reason":"eos"}]}"# + "\n\n"])
        #expect(response.text == "Whole." && response.finishReason == .stop)
    }

    @Test("An empty reason is no reason: a stream that ends or falls silent after it is no answer", arguments: [#""""#, "null", #""null""#, "7"])
    func emptyReason(reason: String) async throws {
        let half = choice(#""delta":{"content":"Only the first half"},"finish_reason":\#(reason)"#)
        #expect(try await failure([half]).code == .invalidResponse)
        let stalls = Script { _, reply in
            try await reply.start()
            try await reply.send(half)
            try await reply.untilClosed()
        }
        try await withModel(.openai, stalls, configure: { $0.stallTimeout = .milliseconds(50) }) { model, _ in
            let error = try #require(await model.failure(.sample(timeout: .seconds(3_600))))
            #expect(error.code == .stalled)
            #expect(error.message.contains("stall_timeout"))
        }
        let response = try await answer([half, "data: [DONE]\n\n"])
        #expect(response.text == "Only the first half" && response.finishReason == nil)
    }

    @Test("The limit before any text is an error that says so, and is not tried again", arguments: [
        (#""delta":{"content":""},"finish_reason":"length""#, "max_tokens"), (#""delta":{"content":"<think>Hm."},"finish_reason":"length""#, "thoughts"),
        (#""delta":{"content":" \n","reasoning_content":"Hm."},"finish_reason":"length""#, "context"),
    ])
    func nothingBeforeTheLimit(end: String, word: String) async throws {
        let usage = #"data: {"choices":[],"usage":{"prompt_tokens":8191,"completion_tokens":1}}"# + "\n\n"
        let error = try await failure([choice(end), usage, "data: [DONE]\n\n"])
        #expect(error.code == .cutOff && !error.isRetryable)
        #expect(error.message.contains("limit") && error.message.contains("8191") && error.message.contains(word), "\(error)")
    }

    // MARK: - Content

    @Test("Content in parts: texts count, thoughts do not")
    func parts() async throws {
        let response = try await answer([
            choice(#""delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#),
            choice(#""delta":{"content":[{"type":"text","text":"A text "},{"type":"reference","reference_ids":[1]},"in "]}"#),
            choice(#""delta":{"content":{"type":"text","text":"parts."}}"#), stop,
        ])
        #expect(response.text == "A text in parts.")
        let refused = try await failure([choice(#""delta":{"content":[{"type":"refusal","refusal":"No."}]}"#), stop])
        #expect(refused.code == .refused)
    }

    @Test("Thoughts are no part of the text, nor of its pieces", arguments: Dialect.all)
    func thoughts(dialect: Dialect) async throws {
        let pieces = ["<th", "ink>The user wants a slogan.", " Let me plan.</thi", "nk>\n", "\nFaster search, ", "less <think> waiting."]
        let response = try await answer(pieces.map { "data: \(dialect.text($0))\n\n" } + ["data: \(dialect.stop)\n\n"], dialect: dialect)
        #expect(response.text == "Faster search, less <think> waiting.")
        let endless = try await failure(["data: \(dialect.text("<think>Hm"))\n\n", "data: \(dialect.stop)\n\n"], dialect: dialect)
        #expect(endless.code == .invalidResponse && endless.message.contains("thoughts"))
        // Held back until the end, and part of the text after all.
        let short = try await answer(["data: \(dialect.text("<thi"))\n\n", "data: \(dialect.stop)\n\n"], dialect: dialect)
        #expect(short.text == "<thi")
    }

    @Test("Of two choices the one with the index 0 counts, wherever it is listed")
    func choices() async throws {
        let response = try await answer([
            #"data: {"choices":[{"index":1,"delta":{"content":"no "}},{"index":0,"delta":{"content":"yes "}}]}"# + "\n\n",
            #"data: {"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"}]}"# + "\n\n",
            #"data: {"choices":[{"delta":{"content":"indeed"}}]}"# + "\n\n", stop,
        ])
        #expect(response.text == "yes indeed" && response.finishReason == .stop)
    }

    @Test("A call of a tool that was not offered is no text")
    func foreignTool() async throws {
        let events = [
            #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"search","input":{}}}"#,
            ScriptedModelServer.messageInput(#"{"a":1}"#), #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Plain "}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"text."}}"#,
            ScriptedModelServer.messageStop("tool_use"), #"{"type":"message_stop"}"#,
        ]
        let response = try await answer(events.map { "data: \($0)\n\n" }, dialect: .anthropic)
        #expect(response.text == "Plain text." && response.finishReason == .toolCalls)
    }

    @Test("A tool's input may come whole with the start of its block")
    func wholeInput() async throws {
        let events = [
            #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"ballot","input":{"ranking":["A"]}}}"#,
            #"{"type":"content_block_stop","index":0}"#, ScriptedModelServer.messageStop("tool_use"), #"{"type":"message_stop"}"#,
        ]
        try await withModel(.anthropic, stream(events.map { "data: \($0)\n\n" })) { model, _ in
            let response = try await model.answer(.sample(schema: .ballot))
            #expect(response.text == #"{"ranking":["A"]}"# && response.finishReason == .stop)
        }
    }

    // MARK: - Framing

    @Test("What stands around the events changes nothing", arguments: Dialect.all)
    func framing(dialect: Dialect) async throws {
        let (one, two, stop, done) = (dialect.text("One "), dialect.text("two"), dialect.stop, dialect.done)
        let streams: [[String]] = [
            ["data: \(one)\n\ndata:\n\ndata: \n\ndata: \(two)\n\ndata: \(stop)\n\ndata: \(done)\n\n"],
            ["\u{FEFF}: hello\n\ndata: \(one)\r\n\r\n: ping\r\ndata: \(two)\r\n\r\ndata: \(stop)\r\n\r\ndata: [DONE] \r\n\r\n"],
            ["\r\n\r\ndata:\(one)\r\rdata:\(two)\r\rdata:\(stop)\r\rdata: [DONE]\t"],
            ["data: \(one)\ndata: \(two)\ndata: \(stop)\ndata: [DONE]\n\n"],
            ["data: \(one)\n\nid: 7\nretry: 5\nevent:\ndata: \(two)\n\ndata: \(stop)"],
            ["data: \u{FEFF}\(one)\n\n", "event: ping\ndata: \n\n", "data: \(two)\n\n", "data: \(stop)\n\n", "data:[DONE]"],
            ["data: \(one)\n\ndata: \(two)\n\n", "data: \(stop)\n\ndata: {\"half"],
        ]
        for (number, pieces) in streams.enumerated() {
            let response = try await answer(pieces, dialect: dialect)
            #expect(response.text == "One two", "stream \(number)")
        }
    }

    @Test("The first byte tells a stream from a document, whatever the content type says", arguments: ["application/json", "text/event-stream", "text/plain"])
    func contentTypes(type: String) async throws {
        let document = #"{"choices":[{"message":{"content":"All at once."},"finish_reason":null}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#
        for body in [[document], ["\u{FEFF}\n" + document], ["{\n" + document.dropFirst()]] {
            try await withModel(.openai, stream(body, headers: ["content-type": type])) { model, _ in
                let response = try await model.answer()
                #expect(response.text == "All at once.")
            }
        }
        try await withModel(.openai, stream([text("In "), text("pieces."), stop], headers: ["content-type": type])) { model, _ in
            let response = try await model.answer()
            #expect(response.text == "In pieces.")
        }
    }

    @Test("A document that is no answer is none", arguments: Dialect.all, ["{}", "[]", #"{"choices":[]}"#, #"{"choices":[{"mess"#])
    func noDocument(dialect: Dialect, body: String) async throws {
        #expect(try await failure([body], dialect: dialect).code == .invalidResponse)
    }

    @Test("Halves of characters in two chunks make one", arguments: Dialect.all)
    func halves(dialect: Dialect) async throws {
        @Sendable func escaped(_ first: String, _ second: String) -> [String] {
            let pieces = [dialect.text("Great @"), dialect.text("@ news")].map { "data: \($0)\n\n" }
            return [pieces[0].replacing("@", with: first), pieces[1].replacing("@", with: second), "data: \(dialect.stop)\n\n"]
        }
        #expect(try await answer(escaped(#"\ud83d"#, #"\ude00"#), dialect: dialect).text == "Great 😀 news")
        #expect(try await answer(escaped(#"\ud83d"#, ""), dialect: dialect).text == "Great \u{FFFD} news")
        #expect(try await answer(escaped("", #"\ude00"#), dialect: dialect).text == "Great \u{FFFD} news")
        let bytes = Array("€".utf8)
        let script = Script { _, reply in
            try await reply.start()
            let pieces = escaped("@", "@")
            try await reply.send(Self.replacing(pieces[0], with: bytes.prefix(2)))
            try await reply.send(Self.replacing(pieces[1], with: bytes.suffix(1)))
            try await reply.send(pieces[2])
            try await reply.finish()
        }
        try await withModel(dialect, script) { model, _ in
            let response = try await model.answer()
            #expect(response.text == "Great € news")
        }
    }

    private static func replacing(_ text: String, with bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(text.utf8).split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).joined(separator: bytes).map(\.self)
    }

    // MARK: - Compression

    /// "A whole text." as chat completions stream it, compressed.
    private static let compressed = [
        "gzip": "H4sIAAAAAAACA0tJLEm0UqhWSs7Iz0xOLVayUoiuVsrMS0mtADINdBSUUlJzShKVwEry80pS80qAbCVHhfKM/JxUBaVaoIq0zLzM4oz4otTE4vw8oGxeaU5ObWwtF1cKWWaXpFaU6FHLYGzGKBWX5BcoIRkU7eLv5xrLxQUAbfyZQwwBAAA=",
        "deflate": "eNpLSSxJtFKoVkrOyM9MTi1WslKIrlbKzEtJrQAyDXQUlFJSc0oSlcBK8vNKUvNKgGwlR4XyjPycVAWlWqCKtMy8zOKM+KLUxOL8PKBsXmlOTm1sLRdXCllml6RWlOhRy2BsxigVl+QXKCEZFO3i7+cay8UFAEmdVaQ=",
    ]

    private func script(_ bytes: [UInt8], encoding: String) -> Script {
        Script { _, reply in
            try await reply.start(headers: ["content-type": "text/event-stream", "content-encoding": encoding])
            for byte in bytes { try await reply.send([byte]) }
            try await reply.finish()
        }
    }

    @Test("No compression is asked for; what is compressed all the same is unpacked", arguments: ["gzip", "deflate"])
    func compression(encoding: String) async throws {
        let data = try #require(Self.compressed[encoding].flatMap { Data(base64Encoded: $0) })
        try await withModel(.openai, script(Array(data), encoding: encoding)) { model, server in
            let response = try await model.answer()
            #expect(response.text == "A whole text.")
            #expect(server.requests.first?.headers["accept-encoding"] == "identity")
        }
        let broken = Array(data.prefix(40)) + [0, 0, 0, 0] + Array(data.suffix(20))
        try await withModel(.openai, script(broken, encoding: encoding)) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .invalidResponse && error.message.contains("unasked"), "\(error)")
        }
    }

    @Test("Other encodings are named", arguments: ["br", "zstd", "gzip, br"])
    func unknownEncoding(encoding: String) async throws {
        try await withModel(.openai, script(Array("xyz".utf8), encoding: encoding)) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .invalidResponse && error.message.contains(encoding))
        }
        // The status of an error counts all the same.
        try await withModel(.openai, .status(401, headers: ["content-encoding": encoding], body: "xyz")) { model, _ in
            #expect(await model.failure()?.code == .unauthorized)
        }
    }

    // MARK: - Time

    @Test("What ran out of time says which time, and whether the model was still writing", arguments: Dialect.all)
    func times(dialect: Dialect) async throws {
        let writes = Script { _, reply in
            try await reply.start()
            // Endless: only the client can end it.
            while (try? await reply.send("data: \(dialect.one)\n\n")) != nil { try await Task.sleep(for: .milliseconds(5)) }
        }
        try await withModel(dialect, writes) { model, _ in
            let error = try #require(await model.failure(.sample(timeout: .milliseconds(500))))
            #expect(error.code == .timeout && error.message.contains("500ms") && error.message.contains("raise the phase's timeout"), "\(error)")
        }
        try await withModel(dialect, .stall(after: []), configure: { $0.firstTokenTimeout = .milliseconds(30) }) { model, _ in
            let error = try #require(await model.failure(.sample(timeout: .seconds(3_600))))
            #expect(error.code == .stalled && error.message.contains("first_token_timeout"))
        }
    }
}
