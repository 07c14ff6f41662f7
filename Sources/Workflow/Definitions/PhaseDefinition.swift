/// A node of the workflow's graph.
package struct PhaseDefinition: Sendable, Hashable {
    /// Unique in the workflow; the `key` of the phase's row.
    package var id: String
    /// For people; nil where none is given.
    package var name: String?
    /// The phases that must have finished first; empty for a root.
    package var needs: [String]
    package var retry: RetryPolicy
    /// How long one attempt of one step may take.
    package var timeout: Duration
    /// The most steps of this phase that run at once in one task; nil for no bound.
    package var concurrency: Int?
    package var onFailure: OnFailure
    /// The phase is skipped unless this holds.
    package var when: PathExpression?
    /// The list for each element of which the phase does its work; nil: it does it once.
    package var fanOut: FanOut?
    /// How often it runs; nil: once.
    package var repeats: RepeatPolicy?
    package var spec: PhaseSpec

    package var kind: PhaseKind { spec.kind }
    /// As the definition writes it, and the phase's row.
    package var kindName: String {
        if case .own(let phase) = spec { phase.kind } else { kind.rawValue }
    }

    package static let defaultTimeout: Duration = .seconds(300)

    package init(
        id: String, name: String? = nil, needs: [String] = [], retry: RetryPolicy = RetryPolicy(),
        timeout: Duration = Self.defaultTimeout, concurrency: Int? = nil, onFailure: OnFailure = .fail,
        when: PathExpression? = nil, fanOut: FanOut? = nil, repeats: RepeatPolicy? = nil, spec: PhaseSpec
    ) {
        self.id = id
        self.name = name
        self.needs = needs
        self.retry = retry
        self.timeout = timeout
        self.concurrency = concurrency
        self.onFailure = onFailure
        self.when = when
        self.fanOut = fanOut
        self.repeats = repeats
        self.spec = spec
    }
}
