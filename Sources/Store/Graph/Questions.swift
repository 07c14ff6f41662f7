import Base
package import Foundation
package import Workflow

/// The expressions that a task needs evaluated before it can go on, and the answers.
///
/// Whoever decides on a task graph has no way to wait: he asks, does what he can without the answer, and is called
/// again with it, in the same transaction.
package struct Questions: Sendable {
    /// What is asked about: expressions of one group are evaluated over the same document.
    package struct Group: Sendable, Hashable {
        package enum Part: Sendable, Hashable { case when, list, work, until }

        package let phaseID: UUID
        package let part: Part
        package let iteration: Int

        package init(phaseID: UUID, part: Part, iteration: Int) {
            self.phaseID = phaseID
            self.part = part
            self.iteration = iteration
        }
    }

    package enum Answer: Sendable, Equatable {
        /// Everything that the path found, in order.
        case found([JSON])
        /// The path could not be evaluated, with PostgreSQL's reason.
        case failed(String)
    }

    struct Asked: Sendable {
        let document: JSON
        /// By index, each with what it sees beside the document's members.
        var paths: [Int: (path: PathExpression, extra: JSON)] = [:]
    }

    private(set) var asked: [Group: Asked] = [:]
    private var answers: [Group: [Int: Answer]] = [:]

    package init() {}

    /// The answer, once it is there; until then the question is noted.
    ///
    /// - Parameters:
    ///   - index: tells the questions of a group apart.
    ///   - extra: an object whose members are added to the document for this question alone.
    package mutating func ask(
        _ path: PathExpression, _ group: Group, index: Int = 0, extra: JSON = [:], over document: () -> JSON
    ) -> Answer? {
        if let answer = answers[group]?[index] { return answer }
        if asked[group] == nil { asked[group] = Asked(document: document()) }
        asked[group]?.paths[index] = (path, extra)
        return nil
    }

    mutating func answer(_ group: Group, _ index: Int, _ answer: Answer) {
        answers[group, default: [:]][index] = answer
    }

    /// Before the graph is looked at again: what is still needed is asked again.
    mutating func forgetAsked() {
        asked.removeAll()
    }
}
