package import Foundation

/// The order in which candidates are shown to a judge.
///
/// Language models prefer what stands first or last, whatever it says, so each judge sees another order, and all judges
/// together see each candidate in each place about equally often. See Zheng et al., "Judging LLM-as-a-Judge with MT-Bench
/// and Chatbot Arena", NeurIPS 2023, 3.3 (position bias); E. J. Williams, "Experimental Designs Balanced for the
/// Estimation of Residual Effects of Treatments", Austral. J. Sci. Res. A 2 (1949).
package enum BallotOrder {
    /// The order for the judge with a number (from 0), the same for the same finalists, task and phase.
    ///
    /// Every second judge sees the order of the one before it backwards. Over n judges (2n where the number n of
    /// finalists is odd) each finalist stands in each place equally often, and directly behind each other one equally
    /// often: a Williams square. Which finalist takes which part in it is drawn by lot.
    package static func balanced(_ finalists: [UUID], task: UUID, phase: String, judge number: Int) -> [UUID] {
        let drawn = drawn(finalists, task: task, phase: phase)
        guard !drawn.isEmpty else { return [] }
        let row = number / 2
        let order = drawn.indices.map { place in
            // 0, 1, n−1, 2, n−2, …, moved on by one for each row.
            let step = place % 2 == 1 ? (place + 1) / 2 : drawn.count - place / 2
            return drawn[(step + row) % drawn.count]
        }
        return number % 2 == 0 ? order : order.reversed()
    }

    /// Every two finalists, each pair in the order in which the judge with a number (from 0) sees it.
    ///
    /// In a judge's pairs each finalist stands first about as often as second, and the next judge sees each pair the other
    /// way round.
    package static func pairs(_ finalists: [UUID], task: UUID, phase: String, judge number: Int) -> [[UUID]] {
        let drawn = drawn(finalists, task: task, phase: phase)
        return drawn.indices.flatMap { i in
            drawn.indices[(i + 1)...].map { j in
                (i + j + number) % 2 == 0 ? [drawn[i], drawn[j]] : [drawn[j], drawn[i]]
            }
        }
    }

    private static func drawn(_ finalists: [UUID], task: UUID, phase: String) -> [UUID] {
        var generator = SeededGenerator(seedingFrom: "ballot", task.text, phase)
        return generator.shuffled(finalists.sorted { $0.text < $1.text })
    }
}
