import Base
import Workflow

/// Writes short posts and remarks out of ready-made sentences.
struct RehearsalProse {
    /// The topic of the prompt, as far as it can be guessed; at most eight words.
    let topic: String
    /// Whether the prompt mentions feedback, as a request for another version does.
    private let isRewrite: Bool
    /// The probability that an editor approves, 0…1; lower in the first round than in later ones.
    let approval: Double
    private let draft: String?

    init(prompt: String) {
        let assignment = Self.block("assignment", in: prompt)
        draft = Self.block("draft", in: prompt)
        topic = RehearsalTopic.topic(of: assignment ?? draft.map { _ in "" } ?? prompt)
        isRewrite = prompt.lowercased().contains("feedback")
        approval = prompt.contains("round 1 of ") ? 0.6 : prompt.contains(#/round \d+ of /#) ? 0.9 : 0.7
    }

    /// The text between `<name>` and `</name>`, which mark material in the built-in prompts.
    private static func block(_ name: String, in prompt: String) -> String? {
        guard let start = prompt.firstRange(of: "<\(name)>"),
            let end = prompt[start.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        let content = prompt[start.upperBound..<end.lowerBound].trimmed
        return content.isEmpty ? nil : content
    }

    /// A post of 60–120 words in three or four paragraphs; one sentence says that it is a rehearsal.
    func post(using generator: inout SeededGenerator) -> String {
        let middle = generator.shuffled(RehearsalPhrases.middles)
        var paragraphs = [
            [filled(RehearsalPhrases.openings, &generator), pick(RehearsalPhrases.notes, &generator)],
            [middle[0], middle[1]],
            [middle[2], filled(RehearsalPhrases.endings, &generator)],
        ]
        if isRewrite { paragraphs[1].insert(pick(RehearsalPhrases.rewrites, &generator), at: 0) }
        if generator.nextUnit() < 0.5 { paragraphs.insert([middle[3]], at: 2) }
        return paragraphs.map { $0.joined(separator: " ") }.joined(separator: "\n\n")
    }

    /// An editor's or a judge's remark.
    ///
    /// - Parameter approving: an editor's decision; nil for a judge.
    func remark(approving: Bool?, using generator: inout SeededGenerator) -> String {
        let remarks =
            switch approving {
            case true?: RehearsalPhrases.praise
            case false?: RehearsalPhrases.requests
            case nil: RehearsalPhrases.judgements
            }
        return "Rehearsal: " + pick(remarks, &generator)
    }

    /// The draft in the prompt with a sentence added, in every other case; nil when the editor leaves it as it is.
    func polished(using generator: inout SeededGenerator) -> String? {
        guard let draft, generator.nextUnit() < 0.5 else { return nil }
        return draft + " " + pick(RehearsalPhrases.additions, &generator)
    }

    /// A few words, for a field of unknown meaning.
    func phrase(using generator: inout SeededGenerator) -> String {
        "rehearsal " + pick(RehearsalPhrases.phrases, &generator)
    }

    private func filled(_ templates: [String], _ generator: inout SeededGenerator) -> String {
        pick(templates, &generator).replacing("{topic}", with: topic)
    }

    private func pick(_ phrases: [String], _ generator: inout SeededGenerator) -> String {
        phrases[Int(generator.next(below: UInt64(phrases.count)))]
    }
}

extension Substring {
    /// Without the white space at both ends.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// Guesses the topic of a prompt.
enum RehearsalTopic {
    private static let maxWords = 8
    private static let markers = [" about ", " on the topic of ", " on ", "topic: "]
    private static let ends: Set<Character> = [".", "!", "?", "\n", ";", ":"]

    /// What follows "about" or "on" in the first line that has it, else the first words of the prompt.
    static func topic(of prompt: String) -> String {
        for line in prompt.split(whereSeparator: \.isNewline) {
            let lowercased = line.lowercased()
            // Lowercasing may change the length of a text; then positions would not carry over.
            guard lowercased.count == line.count else { continue }
            for marker in markers {
                guard let range = lowercased.firstRange(of: marker) else { continue }
                let offset = lowercased.distance(from: lowercased.startIndex, to: range.upperBound)
                let topic = phrase(line.dropFirst(offset))
                if !topic.isEmpty { return topic }
            }
        }
        let topic = phrase(prompt.drop(while: \.isWhitespace))
        return topic.isEmpty ? "this subject" : topic
    }

    private static func phrase(_ text: some StringProtocol) -> String {
        var sentence = ""
        var previous: Character?
        for character in text {
            // A full stop inside "1.0" or "e.g." does not end a sentence.
            if let previous, ends.contains(previous), character.isWhitespace { break }
            sentence.append(character)
            previous = character
            if character.isNewline { break }
        }
        let words = sentence.split(whereSeparator: \.isWhitespace)
        let audience = words.dropFirst().firstIndex(of: "for") ?? words.endIndex
        let kept = words[..<min(audience, maxWords)].joined(separator: " ")
        let trimmed = kept.drop { ends.contains($0) || "\"'“”,".contains($0) }
        return String(trimmed.reversed().drop { ends.contains($0) || "\"'“”,".contains($0) }.reversed())
    }
}
