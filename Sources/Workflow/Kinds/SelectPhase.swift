import Base

/// Takes the best outputs of the initial evaluation as finalists.
package struct SelectPhase: Sendable, Hashable {
    /// How many, at least 1.
    package var top: Int

    package init(top: Int = 3) {
        self.top = top
    }
}

extension SelectPhase {
    init(reading phase: PhaseReader) {
        self.init(top: phase.reader.integer("top", in: 1...1_000) ?? 3)
    }
}
