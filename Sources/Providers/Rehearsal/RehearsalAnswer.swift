import Workflow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a rehearsal answers to a request: prose, or JSON in the shape that was asked for.
struct RehearsalAnswer {
    /// The text in pieces of one word, with the white space that follows it.
    let words: [String]
    /// Whether the answer was longer than the request allowed.
    let isCut: Bool

    init(to request: ModelRequest) {
        var generator = Self.generator(for: request, purpose: "answer")
        let prompt = request.messages.last { $0.role == .user }?.content ?? ""
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
            seedingFrom: request.context.taskID.uuidString.lowercased(), request.agent, prompt, purpose)
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
