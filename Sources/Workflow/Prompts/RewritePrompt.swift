/// What a writer is asked when an editor sent the draft back.
package enum RewritePrompt {
    /// `assignment` is what the writer was asked at first.
    package static func text(draft: String, feedback: String, assignment: String? = nil) -> String {
        """
        Rewrite your draft so that it answers the editor's feedback. Keep what the feedback does not touch. Answer with the new text and nothing else.

        \(PromptBlock.assignment(assignment))\(PromptBlock.text("draft", draft))

        \(PromptBlock.text("feedback", feedback))
        """
    }
}
