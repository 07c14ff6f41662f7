import Workflow

/// Writes short posts and remarks out of ready-made sentences.
struct RehearsalProse {
    /// What the prompt seems to be about, in at most twelve words.
    let topic: String
    /// Whether the prompt speaks of feedback, as one that asks for another version does.
    private let isRewrite: Bool

    init(prompt: String) {
        topic = RehearsalTopic.topic(of: prompt)
        isRewrite = prompt.lowercased().contains("feedback")
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
