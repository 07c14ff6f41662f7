import Base

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
    /// The limit of steps of this phase that run at once in one task; nil for none.
    package var concurrency: Int?
    package var onFailure: OnFailure
    /// Of a phase with agents.
    package var onCut: OnCut
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
        if case .custom(let phase) = spec { phase.kind } else { kind.rawValue }
    }

    /// The timeout of a phase that sets none. Where an agent writes, only silence and the size of the answer end an attempt
    /// before: a slow model that writes is no failure.
    package static func defaultTimeout(of kind: PhaseKind) -> Duration {
        kind.hasAgents ? .seconds(3_600) : .seconds(300)
    }

    /// - Parameter timeout: nil for the default of the kind.
    package init(
        id: String, name: String? = nil, needs: [String] = [], retry: RetryPolicy = RetryPolicy(),
        timeout: Duration? = nil, concurrency: Int? = nil, onFailure: OnFailure = .fail, onCut: OnCut = .continue,
        when: PathExpression? = nil, fanOut: FanOut? = nil, repeats: RepeatPolicy? = nil, spec: PhaseSpec
    ) {
        self.id = id
        self.name = name
        self.needs = needs
        self.retry = retry
        self.timeout = timeout ?? Self.defaultTimeout(of: spec.kind)
        self.concurrency = concurrency
        self.onFailure = onFailure
        self.onCut = onCut
        self.when = when
        self.fanOut = fanOut
        self.repeats = repeats
        self.spec = spec
    }
}

/// What the failure of a phase does to the task.
package enum OnFailure: String, Sendable, Hashable, CaseIterable {
    /// The phases after it are skipped and the task fails.
    case fail
    /// The phases after it run as if it had completed.
    case `continue`
}

/// What a phase does about an answer that was cut at its limit.
package enum OnCut: String, Sendable, Hashable, CaseIterable {
    /// The model is asked once to go on where it stopped; then the text is kept as it is. An answer in JSON is read as it is.
    case `continue`
    /// The attempt fails with `cut_off`, and the step is tried again as its retry policy says.
    case retry
    /// The step fails with `cut_off`.
    case fail
}

/// The list of a phase that does its work for each element.
package struct FanOut: Sendable, Hashable {
    /// Finds the list: one array, or the items themselves.
    package var list: PathExpression
    /// A longer list fails the phase.
    package var maxItems: Int

    package static let defaultMaxItems = 1_000
    package static let maxItemsLimit = 10_000

    package init(list: PathExpression, maxItems: Int = Self.defaultMaxItems) {
        self.list = list
        self.maxItems = maxItems
    }
}

extension FanOut {
    /// Nil for a phase without a list.
    init?(reading reader: ObjectReader) {
        let list = reader.expression("for_each")
        let maxItems = reader.integer("max_items", in: 1...Self.maxItemsLimit)
        if maxItems != nil, reader.value("for_each") == nil { reader.report("needs 'for_each'", at: "max_items") }
        guard let list else { return nil }
        self.init(list: list, maxItems: maxItems ?? Self.defaultMaxItems)
    }
}

/// How often a phase runs again.
package struct RepeatPolicy: Sendable, Hashable {
    /// The limit of runs, the first included; at least 1.
    package var max: Int
    /// Ends the cycle when it holds after a run; nil: the phase runs `max` times.
    package var until: PathExpression?

    package static let maxRuns = 1_000

    package init(max: Int, until: PathExpression? = nil) {
        self.max = max
        self.until = until
    }
}

extension RepeatPolicy {
    init?(reading reader: ObjectReader) {
        let until = reader.expression("until")
        let max = reader.required("max") == nil ? nil : reader.integer("max", in: 1...Self.maxRuns)
        reader.refuseUnknownKeys()
        guard let max else { return nil }
        self.init(max: max, until: until)
    }
}
