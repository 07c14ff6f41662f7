package import Foundation

/// The order in which candidates are shown to a judge.
///
/// Language models prefer what stands first or last, whatever it says, so each judge sees another order.
/// See Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", NeurIPS 2023, 3.3 (position bias).
package enum BallotOrder {
    /// The same for the same finalists, task and judge, however the finalists were ordered before.
    package static func shuffled(_ finalists: [UUID], task: UUID, judge: String) -> [UUID] {
        var generator = SeededGenerator(seedingFrom: "ballot", task.text, judge)
        return generator.shuffled(finalists.sorted { $0.text < $1.text })
    }
}
