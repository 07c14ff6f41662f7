import Base
import Workflow

extension ScriptedModelServer {
    /// The data of an event that adds a piece of text to a message.
    package static func messageText(_ text: String) -> String {
        let event: JSON = [
            "type": "content_block_delta", "index": 0, "delta": ["type": "text_delta", "text": .string(text)],
        ]
        return event.text
    }

    /// The data of an event that adds a piece of a tool's input.
    package static func messageInput(_ text: String) -> String {
        let event: JSON = [
            "type": "content_block_delta", "index": 0, "delta": ["type": "input_json_delta", "partial_json": .string(text)],
        ]
        return event.text
    }

    /// The data of the event that says why the model stopped.
    package static func messageStop(_ reason: String = "end_turn", tokens: Int = 2) -> String {
        let event: JSON = [
            "type": "message_delta", "delta": ["stop_reason": .string(reason), "stop_sequence": nil],
            "usage": ["output_tokens": .integer(Int64(tokens))],
        ]
        return event.text
    }
}

extension ScriptedModelServer.Script {
    /// A whole message as Anthropic's API streams it.
    static func message(_ body: JSON, model: String, text: String, _ reply: ScriptedModelServer.Reply) async throws {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let system = body["system"]?.string.map { [$0] } ?? []
        let prompt = (system + (body["messages"]?.array ?? []).compactMap { $0["content"]?.string })
            .reduce(0) { $0 + $1.split(whereSeparator: \.isWhitespace).count }
        let tool = body["tool_choice"]?["name"]
        func send(_ event: JSON) async throws {
            try await reply.send("event: \(event["type"]?.string ?? "")\ndata: \(event.text)\n\n")
        }
        let message: JSON = [
            "id": "msg_1", "type": "message", "role": "assistant", "model": .string(model), "content": [], "stop_reason": nil,
            "usage": ["input_tokens": .integer(Int64(prompt)), "output_tokens": 1],
        ]
        try await reply.start()
        try await send(["type": "message_start", "message": message])
        let block: JSON = tool.map { ["type": "tool_use", "id": "toolu_1", "name": $0, "input": [:]] } ?? ["type": "text", "text": ""]
        try await send(["type": "content_block_start", "index": 0, "content_block": block])
        try await send(["type": "ping"])
        for (index, word) in words.enumerated() {
            let piece = index + 1 == words.count ? String(word) : word + " "
            let data = tool == nil ? ScriptedModelServer.messageText(piece) : ScriptedModelServer.messageInput(piece)
            try await send(try JSON(parsing: data))
        }
        try await send(["type": "content_block_stop", "index": 0])
        try await send(try JSON(parsing: ScriptedModelServer.messageStop(tool == nil ? "end_turn" : "tool_use", tokens: words.count)))
        try await send(["type": "message_stop"])
        try await reply.finish()
    }
}
