import Base
import Foundation
import Store
import Workflow

@testable import Processor

/// Everybody whom the steps of random graphs ask. They work as their fates say, and all judges have one opinion.
struct RandomServices {
    let fates = Fates()

    var services: StepServices {
        let model = RandomModel(fates: fates)
        return StepServices(models: { _ in model }, web: RandomServer(fates: fates), customKinds: [kind])
    }

    private var kind: RegisteredKind {
        RegisteredKind(name: "test.random", check: { _ in [] }) { [fates] call in
            let (index, iteration) = (call.index ?? 0, call.iteration ?? 0)
            let key = "\(call.phase) \(index) \(iteration)"
            guard fates.works(call.context.taskID.text, key, Fate(call.attributes["fate"]?.string ?? "")) else {
                throw StepFailure(code: "busy", message: "not now", isRetryable: true)
            }
            return ["n": .integer(Int64(10 * iteration + index))]
        }
    }
}

private struct RandomServer: WebClient {
    let fates: Fates

    /// The path is task, phase, index, iteration and fate.
    func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        let parts = Array(request.url.components(separatedBy: "/").suffix(5))
        guard fates.works(parts[0], parts[1...3].joined(separator: "/"), Fate(parts[4])) else {
            let isHopeless = fates.life(of: parts[0]) < Fate(parts[4]).heals
            return WebResponse(status: isHopeless && parts[4].hasPrefix("final") ? 404 : 503)
        }
        let number = 10 * (Int(parts[3]) ?? 0) + (Int(parts[2]) ?? 0)
        return WebResponse(
            status: 200, headers: [WebHeader("Content-Type", "application/json")], body: Array("{\"n\": \(number)}".utf8))
    }
}

private struct RandomModel: LanguageModel {
    /// What stands in every draft: where it is from, its score, and how often it was rewritten.
    struct Mark {
        let id: String
        let score: Int
        let rewrites: Int
        var text: String { "«\(id):\(score):\(rewrites)»" }

        static func all(in prompt: String) -> [Mark] {
            prompt.matches(of: #/«(\w+\.\w+):(\d+):(\d+)»/#).map { match in
                Mark(id: String(match.1), score: Int(match.2) ?? 0, rewrites: Int(match.3) ?? 0)
            }
        }
    }

    let fates: Fates

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let prompt = request.messages.last?.content ?? ""
        let marks = Mark.all(in: prompt)
        // Judges may see a draft before and after it was rewritten: that is no other call.
        let about = marks.map { request.schema == nil || request.schema?.name == "edit_decision" ? $0.text : $0.id }
        let key = "\(request.phase) \(request.agent) \(about.isEmpty ? prompt : about.joined())"
        guard fates.works(request.context.taskID.text, key, Fate(request.agent)) else {
            throw ProviderError(code: .unavailable, message: "not now")
        }
        let text = answer(request, prompt, marks)
        if request.schema == nil { await onText(text) }
        return ModelResponse(
            text: text, usage: Usage(promptTokens: 10, completionTokens: 5), finishReason: "stop", model: "random")
    }

    private func answer(_ request: ModelRequest, _ prompt: String, _ marks: [Mark]) -> String {
        switch request.schema?.name {
        case nil:
            if let mark = marks.first { return "Again " + Mark(id: mark.id, score: mark.score, rewrites: mark.rewrites + 1).text }
            let score = prompt.matches(of: #/(\w+)=(\d+)/#).first { $0.1 == request.agent }.flatMap { Int($0.2) }
            return score.map { "First " + Mark(id: "\(request.phase).\(request.agent)", score: $0, rewrites: 0).text } ?? "An answer."
        case "edit_decision":
            // e0r2f1h0 sends drafts back until they were rewritten twice.
            let rejects = request.agent.split { !$0.isNumber }.compactMap { Int($0) }.dropFirst().first ?? 0
            return JSON.object([
                "approved": .bool((marks.first?.rewrites ?? 0) >= rejects), "feedback": "more", "content": .null,
            ]).text
        case "ballot":
            let order = marks.indices.sorted { marks[$0].score > marks[$1].score }
            return JSON.object(["ranking": .array(order.map { .string(BallotLabel.text($0)) }), "reasoning": ""]).text
        case "score_sheet":
            let scores = marks.enumerated().reduce(into: JSONObject()) {
                $0[BallotLabel.text($1.offset)] = ["quality": .integer(Int64($1.element.score))]
            }
            return JSON.object(["scores": .object(scores), "reasoning": ""]).text
        default:
            let scores: JSON = ["quality": .integer(Int64(marks.first?.score ?? 0))]
            return JSON.object(["criteria_scores": scores, "reasoning": ""]).text
        }
    }
}
