import Base
import Foundation
import Synchronization
package import Workflow

/// The built-in model: it needs no key and no network, and its answers have the shape and the pace of real ones.
///
/// An answer depends on the task, the agent and the prompt only.
package final class RehearsalModel: LanguageModel {
    private let options: RehearsalOptions
    /// Seeds the failures, so that a repeated call draws anew: a request does not contain its attempt.
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
            finishReason: answer.isCut ? .length : .stop, model: request.model.model)
    }

    /// The word before which this call fails; nil when it succeeds.
    private func drawFailure(of request: ModelRequest, words: Int) -> Int? {
        let call = calls.wrappingAdd(1, ordering: .relaxed).newValue
        guard options.failRate > 0 else { return nil }
        var generator = RehearsalAnswer.generator(for: request, purpose: "failure \(call)")
        guard generator.nextUnit() < options.failRate else { return nil }
        return generator.nextUnit() < 0.5 ? 0 : Int(generator.next(below: UInt64(max(1, words))))
    }
}

/// The pace and the failures of a rehearsal.
package struct RehearsalOptions: Sendable, Equatable {
    /// Words a second, at least 0; 0 sends the answer without delay.
    package var tokensPerSecond: Double
    /// The time before the first word.
    package var latency: Duration
    /// The share of calls that fail with `unavailable`, 0…1, half of them in the middle of the answer.
    package var failRate: Double

    package init(tokensPerSecond: Double = 400, latency: Duration = .zero, failRate: Double = 0) {
        self.tokensPerSecond = tokensPerSecond
        self.latency = latency
        self.failRate = failRate
    }
}

/// The answer to a request: prose, or JSON that fits the requested schema.
struct RehearsalAnswer {
    /// The text in pieces of one word, with the white space that follows it.
    let words: [String]
    /// Whether the answer was longer than the request allowed.
    let isCut: Bool

    init(to request: ModelRequest) {
        var generator = Self.generator(for: request, purpose: "answer")
        // What goes on with an answer is about what the answer was about.
        let goesOn = request.messages.contains { $0.role == .assistant }
        let users = request.messages.filter { $0.role == .user }
        let prompt = (goesOn ? users.first : users.last)?.content ?? ""
        let prose = RehearsalProse(prompt: prompt)
        if let schema = request.schema {
            var sampler = SchemaSampler(root: schema.schema, prose: prose, generator: generator)
            words = Self.words(of: sampler.sample().text)
            isCut = false
        } else {
            let all = Self.words(of: prose.post(using: &generator))
            let limit = request.maxTokens.map { max(0, $0) } ?? all.count
            words = Array(all.prefix(limit))
            isCut = limit < all.count
        }
    }

    /// A generator whose numbers depend on the task, the agent, the prompt and the purpose.
    static func generator(for request: ModelRequest, purpose: String) -> SeededGenerator {
        let prompt = request.messages.map { "\($0.role.rawValue): \($0.content)" }.joined(separator: "\n")
        return SeededGenerator(
            seedingFrom: request.context.taskID.text, request.agent, prompt, purpose)
    }

    /// The pieces that together are `text`, each ending where white space ends.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            if let last = word.last, last.isWhitespace, !character.isWhitespace {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}

/// When each word of one answer is due.
struct RehearsalPace {
    private let clock = ContinuousClock()
    private let firstWord: ContinuousClock.Instant
    private let end: ContinuousClock.Instant
    private let secondsPerWord: Double
    private let timeout: Duration

    init(options: RehearsalOptions, timeout: Duration) {
        let now = clock.now
        firstWord = now.advanced(by: options.latency)
        end = now.advanced(by: timeout)
        secondsPerWord = options.tokensPerSecond > 0 ? 1 / options.tokensPerSecond : 0
        self.timeout = timeout
    }

    func waitForFirstWord() async throws(ProviderError) {
        try await wait(until: firstWord)
    }

    /// Measured from the start, so that a late word does not delay the next ones.
    func wait(forWord index: Int) async throws(ProviderError) {
        try await wait(until: firstWord.advanced(by: .seconds(Double(index) * secondsPerWord)))
    }

    private func wait(until instant: ContinuousClock.Instant) async throws(ProviderError) {
        do {
            try Task.checkCancellation()
            if instant > clock.now { try await Task.sleep(until: min(instant, end), clock: clock) }
        } catch {
            throw ProviderError(code: .cancelled, message: "the call was cancelled")
        }
        guard clock.now < end else {
            throw ProviderError(code: .timeout, message: "the rehearsal took longer than \(timeout)")
        }
    }
}
