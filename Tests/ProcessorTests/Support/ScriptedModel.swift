import Base
import Foundation
import Synchronization
import Workflow

/// A model in this process that answers as the test says, and counts its calls.
final class ScriptedModel: LanguageModel {
    struct Call: Sendable {
        let request: ModelRequest
        /// From 1: how often this agent was asked exactly this.
        let repetition: Int
        var agent: String { request.agent }
        var prompt: String { request.messages.last?.content ?? "" }
    }

    private struct State {
        var calls: [String] = []
        var requests: [ModelRequest] = []
        var repetitions: [String: Int] = [:]
        var waiting: [(count: Int, gate: Gate)] = []
    }

    private let state = Mutex(State())
    private let answer: @Sendable (Call) async throws(ProviderError) -> String

    init(_ answer: @escaping @Sendable (Call) async throws(ProviderError) -> String) {
        self.answer = answer
    }

    /// The agents asked, in order.
    var calls: [String] { state.withLock { $0.calls } }

    var requests: [ModelRequest] { state.withLock { $0.requests } }

    /// Returns when the model has been asked this often.
    func waitForCalls(_ count: Int) async {
        let gate = Gate()
        state.withLock { state in
            if state.calls.count >= count { gate.open() } else { state.waiting.append((count, gate)) }
        }
        await gate.wait()
    }

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let repetition = state.withLock { state in
            let key = request.agent + "\n" + request.messages.map(\.content).joined()
            state.calls.append(request.agent)
            state.requests.append(request)
            state.repetitions[key, default: 0] += 1
            for waiting in state.waiting where waiting.count <= state.calls.count { waiting.gate.open() }
            return state.repetitions[key] ?? 1
        }
        let text = try await answer(Call(request: request, repetition: repetition))
        if request.schema == nil {
            for word in text.split(separator: " ") { await onText(String(word) + " ") }
        }
        return ModelResponse(
            text: text, usage: Usage(promptTokens: 10, completionTokens: 5), finishReason: "stop", model: "scripted")
    }
}

extension ScriptedModel.Call {
    /// A sound answer to whatever is asked: a draft, an approval, middling scores, the candidates as they are labelled.
    var soundAnswer: String {
        guard let schema = request.schema else { return "A draft by \(agent). \(abs(prompt.hashValue))" }
        switch schema.name {
        case "edit_decision": return #"{"approved": true, "feedback": "good", "content": null}"#
        case "ballot":
            let count = schema.schema["properties"]?["ranking"]?["minItems"]?.int ?? 1
            return JSON.object([
                "ranking": .array(BallotLabel.first(count).map(JSON.string)), "reasoning": "as they came",
            ]).text
        default:
            let ids = schema.schema["properties"]?["criteria_scores"]?["required"]?.array ?? []
            let scores = ids.compactMap(\.string).reduce(into: JSONObject()) { $0[$1] = 7 }
            return JSON.object(["criteria_scores": .object(scores), "reasoning": "fine"]).text
        }
    }
}
