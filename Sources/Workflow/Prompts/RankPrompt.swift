/// What a judge of several outputs is asked where the phase has no prompt.
package enum RankPrompt {
    /// How to answer; also put behind a prompt of the phase's own.
    package static func answer(count: Int) -> String {
        let labels = BallotLabel.first(count).map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            Answer with one JSON object and nothing else: {"ranking": [...], "reasoning": "..."}. \
            The ranking has each of \(labels) exactly once, the best first.
            """
    }

    /// How to answer where the candidates are scored; also put behind a prompt of the phase's own.
    package static func answer(count: Int, criteria: [Criterion], scale: Scale) -> String {
        let scores = criteria.map { "\"\($0.id)\": <number>" }.joined(separator: ", ")
        let sheets = BallotLabel.first(count).map { "\"\($0)\": {\(scores)}" }.joined(separator: ", ")
        return """
            Answer with one JSON object and nothing else: {"scores": {\(sheets)}, "reasoning": "..."}. \
            Every score is a number \(EvaluatePrompt.range(of: scale)).
            """
    }

    /// The candidates as blocks under their labels; never their writers.
    package static func candidates(_ texts: [String]) -> String {
        texts.enumerated().map { index, text in
            PromptBlock.text("candidate", text, attributes: " label=\"\(BallotLabel.text(index))\"")
        }.joined(separator: "\n\n")
    }

    /// `texts` in the order of `BallotOrder`; `assignment` is what the writers were asked.
    package static func text(texts: [String], assignment: String? = nil) -> String {
        """
        Rank the candidates below against each other, the best first. Their order here means nothing. \(PromptBlock.notice)

        \(PromptBlock.assignment(assignment))\(candidates(texts))

        \(answer(count: texts.count))
        """
    }

    /// The same where the candidates are scored by criteria.
    package static func text(
        texts: [String], assignment: String? = nil, criteria: [Criterion], scale: Scale
    ) -> String {
        """
        Judge the candidates below beside each other by these criteria:
        \(EvaluatePrompt.list(of: criteria))
        Their order here means nothing. \(PromptBlock.notice)

        \(PromptBlock.assignment(assignment))\(candidates(texts))

        \(answer(count: texts.count, criteria: criteria, scale: scale))
        """
    }
}
