package import Base
import Workflow

extension ScriptedModelServer {
    /// How one request is answered.
    package struct Script: Sendable {
        package let run: @Sendable (Request, Reply) async throws -> Void

        /// Anything at all; a script that does not finish its answer leaves the connection closed.
        package init(_ run: @escaping @Sendable (Request, Reply) async throws -> Void) {
            self.run = run
        }

        /// A whole answer.
        package static func status(_ status: Int, headers: [String: String] = [:], body: String = "") -> Script {
            Script { try await $1.answer(status: status, headers: headers, body: body) }
        }

        /// An error as providers send it.
        package static func error(
            _ status: Int, code: JSON = .null, type: JSON = .null, message: String = "scripted", headers: [String: String] = [:]
        ) -> Script {
            let body: JSON = ["error": ["code": code, "type": type, "message": .string(message)]]
            return .status(status, headers: headers.merging(["content-type": "application/json"]) { $1 }, body: body.text)
        }

        /// A stream of events, one for each data text, and a proper end.
        package static func events(_ data: [String]) -> Script {
            Script { _, reply in
                try await reply.start()
                for data in data { try await reply.send("data: \(data)\n\n") }
                try await reply.finish()
            }
        }

        /// The beginning of a stream, after which the connection breaks.
        package static func cut(after data: [String]) -> Script {
            Script { _, reply in
                try await reply.start()
                for data in data { try await reply.send("data: \(data)\n\n") }
                try await reply.cut()
            }
        }

        /// The beginning of a stream, after which nothing comes; `closed` fires when the client gives up.
        package static func stall(after data: [String], closed: Signal = Signal()) -> Script {
            Script { _, reply in
                try await reply.start()
                for data in data { try await reply.send("data: \(data)\n\n") }
                try await reply.untilClosed()
                closed.fire()
            }
        }

        /// No answer at all; `closed` fires when the client gives up.
        package static func hang(closed: Signal = Signal()) -> Script {
            Script { _, reply in
                try await reply.untilClosed()
                closed.fire()
            }
        }

        /// Bytes instead of HTTP.
        package static func nonsense(_ text: String = "SSH-2.0-scripted\r\n\r\n") -> Script {
            Script { _, reply in
                try await reply.raw(text)
                try await reply.untilClosed()
            }
        }
    }

    /// The data of a chunk that adds a piece of text, or that says why the model stopped.
    package static func chunk(_ text: String? = nil, finish: String? = nil, model: String = "scripted") -> String {
        let delta: JSON = text.map { ["content": .string($0)] } ?? [:]
        let choice: JSON = ["index": 0, "delta": delta, "finish_reason": finish.map(JSON.string) ?? .null]
        let chunk: JSON = ["object": "chat.completion.chunk", "model": .string(model), "choices": [choice], "usage": nil]
        return chunk.text
    }

    /// The data of the last chunk, which counts the tokens.
    package static func usageChunk(prompt: Int, completion: Int) -> String {
        let chunk: JSON = [
            "object": "chat.completion.chunk", "model": "scripted", "choices": [],
            "usage": Usage(promptTokens: prompt, completionTokens: completion).json,
        ]
        return chunk.text
    }
}
