import Synchronization
package import Workflow

/// The built-in model: it needs no key and no network, and answers in the shape and at the pace of a real one.
///
/// Its answer depends on the task, the agent and the prompt, and on nothing else.
package final class RehearsalModel: LanguageModel {
    private let options: RehearsalOptions
    /// Makes a repeated call draw its failure anew, as a request does not know its attempt.
    private let calls = Atomic<UInt64>(0)

    package init(options: RehearsalOptions = RehearsalOptions()) {
        self.options = options
    }

    package func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let pace = RehearsalPace(options: options, timeout: request.timeout)
        let answer = RehearsalAnswer(to: request)
        let lastWord = drawFailure(of: request, words: answer.words.count)
        try await pace.waitForFirstWord()
        for (index, word) in answer.words.enumerated() {
            if index == lastWord { break }
            if index > 0 { try await pace.wait(forWord: index) }
            await onText(word)
        }
        if lastWord != nil {
            throw ProviderError(code: .unavailable, message: "the rehearsal failed, as fail_rate asks it to")
        }
        let prompt = request.messages.reduce(0) { $0 + RehearsalAnswer.words(of: $1.content).count }
        return ModelResponse(
            text: answer.words.joined(), usage: Usage(promptTokens: prompt, completionTokens: answer.words.count),
            finishReason: answer.isCut ? "length" : "stop", model: request.model.model)
    }

    /// The word before which this call is to fail, or nil when it is to succeed.
    private func drawFailure(of request: ModelRequest, words: Int) -> Int? {
        let call = calls.wrappingAdd(1, ordering: .relaxed).newValue
        guard options.failRate > 0 else { return nil }
        var generator = RehearsalAnswer.generator(for: request, purpose: "failure \(call)")
        guard generator.nextUnit() < options.failRate else { return nil }
        return generator.nextUnit() < 0.5 ? 0 : Int(generator.next(below: UInt64(max(1, words))))
    }
}
