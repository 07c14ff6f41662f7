/// What an editor is asked where the phase has no prompt.
package enum EditPrompt {
    /// How to answer; also put behind a prompt of the phase's own.
    package static let answer = """
        Answer with one JSON object and nothing else: {"approved": true or false, "feedback": "...", "content": null or "..."}. \
        When you do not approve, the feedback must say what to change. When you approve, the content may be the draft as \
        you polished it; otherwise it is null.
        """

    /// `assignment` is what the writer was asked; `cycle` counts from 1.
    package static func text(draft: String, assignment: String? = nil, cycle: Int, maxCycles: Int) -> String {
        """
        You edit the draft below. Approve it if it can be published as it is; otherwise send it back with feedback that the writer can act on. This is round \(cycle) of \(maxCycles). \(PromptBlock.notice)

        \(PromptBlock.assignment(assignment))\(PromptBlock.text("draft", draft))

        \(answer)
        """
    }
}
