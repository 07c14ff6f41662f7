import Workflow

/// Writes short posts and remarks out of ready-made sentences.
struct RehearsalProse {
    /// What the prompt seems to be about, in at most eight words.
    let topic: String
    /// Whether the prompt speaks of feedback, as one that asks for another version does.
    private let isRewrite: Bool
    /// How likely an editor approves, 0…1: rather sends a draft back in the first round than in a later one.
    let approval: Double
    private let draft: String?

    init(prompt: String) {
        let assignment = Self.block("assignment", in: prompt)
        draft = Self.block("draft", in: prompt)
        topic = RehearsalTopic.topic(of: assignment ?? draft.map { _ in "" } ?? prompt)
        isRewrite = prompt.lowercased().contains("feedback")
        approval = prompt.contains("round 1 of ") ? 0.6 : prompt.contains(#/round \d+ of /#) ? 0.9 : 0.7
    }

    /// What stands between `<name>` and `</name>`, as the built-in prompts set off their material.
    private static func block(_ name: String, in prompt: String) -> String? {
        guard let start = prompt.firstRange(of: "<\(name)>"),
            let end = prompt[start.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        let content = prompt[start.upperBound..<end.lowerBound].trimmed
        return content.isEmpty ? nil : content
    }

    /// A post of 60–120 words in three or four paragraphs, which says once that it is a rehearsal.
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
    /// - Parameter approving: whether the one who speaks is content; nil for someone who weighs.
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

    /// A few words, for a field that nothing is known about.
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
