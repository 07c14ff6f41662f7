/// What a judge of one output is asked where the phase has no prompt.
package enum EvaluatePrompt {
    /// How to answer; also put behind a prompt of the phase's own.
    package static func answer(criteria: [Criterion], scale: Scale) -> String {
        let range = "from \(JSON.text(of: scale.min)) (worst) to \(JSON.text(of: scale.max)) (best)"
        let scores = criteria.map { "\"\($0.id)\": <number>" }.joined(separator: ", ")
        return """
            Answer with one JSON object and nothing else: {"criteria_scores": {\(scores)}, "reasoning": "..."}. \
            Every score is a number \(range).
            """
    }

    /// `assignment` is what the writer was asked.
    package static func text(
        draft: String, assignment: String? = nil, criteria: [Criterion], scale: Scale
    ) -> String {
        let list = criteria.map { criterion in
            "- \(criterion.id)" + (criterion.description.map { ": \($0)" } ?? "")
        }
        return """
            You judge the text below by these criteria:
            \(list.joined(separator: "\n"))
            \(PromptBlock.notice)

            \(PromptBlock.assignment(assignment))\(PromptBlock.text("text", draft))

            \(answer(criteria: criteria, scale: scale))
            """
    }
}
