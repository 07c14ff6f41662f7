/// A phase of a kind that the embedding program brought.
package struct OwnPhase: Sendable, Hashable {
    /// The kind's name, with a dot: `shop.resize`.
    package var kind: String
    /// An object: all keys of the phase that are not common to every kind.
    package var attributes: JSON

    package init(kind: String, attributes: JSON = [:]) {
        self.kind = kind
        self.attributes = attributes
    }
}

extension OwnPhase {
    init?(reading phase: PhaseReader, commonKeys: [String]) {
        guard let kind = phase.reader.value("kind")?.string else { return nil }
        let attributes = phase.reader.members.filter { !commonKeys.contains($0.key) }
        self.init(kind: kind, attributes: .object(attributes))
        for problem in phase.ownKinds.problems(in: self) {
            phase.reader.problems.report(problem.detail, at: phase.reader.pointer + problem.pointer)
        }
    }
}
