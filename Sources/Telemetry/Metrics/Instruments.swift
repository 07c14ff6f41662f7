import CoreMetrics

/// What the parts of the service count with. Each of them is a metric of the catalogue; gauges are read when they are asked for.
package enum Instruments {
    package static let claims = counter(.claims)
    package static let claimedSteps = Family<Tally>(.claimedSteps)
    package static let claimTime = Stopwatch(.claimTime)
    package static let steps = Family<Tally>(.steps)
    package static let stepTime = Family<Stopwatch>(.stepTime)
    package static let stepsLost = counter(.stepsLost)
    package static let tasksEnded = Family<Tally>(.tasksEnded)
    package static let tasksGivenUp = counter(.tasksGivenUp)
    package static let commits = counter(.commits)
    package static let commitResults = Distribution(.commitResults)
    package static let commitTime = Stopwatch(.commitTime)

    package static let eventsPublished = counter(.eventsPublished)
    package static let streamsOpened = counter(.streamsOpened)
    package static let streamsRefused = Family<Tally>(.streamsRefused)
    package static let streamsBehind = counter(.streamsBehind)
    package static let streamsCutOff = counter(.streamsCutOff)
    package static let streamBytes = counter(.streamBytes)
    package static let requests = Family<Tally>(.requests)
    package static let requestTime = Stopwatch(.requestTime)

    package static let modelCalls = Family<Tally>(.modelCalls)
    package static let modelCallTime = Family<Stopwatch>(.modelCallTime)
    package static let firstTokenTime = Family<Stopwatch>(.firstTokenTime)
    package static let modelTokens = Family<Tally>(.modelTokens)
    package static let modelCost = Family<Sum>(.modelCost)

    package static let poolWaitTime = Stopwatch(.poolWaitTime)
    package static let poolTimeouts = counter(.poolTimeouts)
    package static let poolOpened = counter(.poolOpened)
    package static let poolClosed = Family<Tally>(.poolClosed)
    package static let pollerTurnTime = Stopwatch(.pollerTurnTime)
    package static let eventLoopLag = Family<Stopwatch>(.eventLoopLag)

    package static let spansExported = counter(.spansExported)
    package static let spansDropped = Family<Tally>(.spansDropped)

    /// Makes the series whose labels are known, so that they are there from the start with 0, and the first increase is seen.
    package static func prepare() {
        _ = (claims, claimTime, stepsLost, tasksGivenUp, commits, commitResults, commitTime)
        _ = (eventsPublished, streamsOpened, streamsBehind, streamsCutOff, streamBytes, requestTime)
        _ = (poolWaitTime, poolTimeouts, poolOpened, pollerTurnTime, spansExported)
        for way in ["queue", "direct"] { _ = claimedSteps[way] }
        for status in ["completed", "failed", "cancelled"] { _ = tasksEnded[status] }
        for limit in ["node", "tenant", "user"] { _ = streamsRefused[limit] }
        for reason in ["idle", "lifetime", "unhealthy", "unusable", "read_only", "shutdown"] { _ = poolClosed[reason] }
        for reason in ["queue_full", "refused", "failed"] { _ = spansDropped[reason] }
    }

    private static func counter(_ definition: MetricDefinition) -> Tally { Tally(definition) }
}

/// A counter.
package struct Tally: Sendable {
    private let counter: Counter

    init(_ definition: MetricDefinition, _ values: [String] = [], in registry: MetricRegistry = .shared) {
        counter = Counter(label: definition.name, dimensions: definition.dimensions(values), factory: registry)
    }

    package func increment(by amount: Int = 1) {
        counter.increment(by: amount)
    }
}

/// A counter of fractions.
package struct Sum: Sendable {
    private let counter: FloatingPointCounter

    init(_ definition: MetricDefinition, _ values: [String] = [], in registry: MetricRegistry = .shared) {
        counter = FloatingPointCounter(label: definition.name, dimensions: definition.dimensions(values), factory: registry)
    }

    package func increment(by amount: Double) {
        counter.increment(by: amount)
    }
}

/// A histogram of numbers.
package struct Distribution: Sendable {
    private let recorder: Recorder

    init(_ definition: MetricDefinition, in registry: MetricRegistry = .shared) {
        recorder = Recorder(label: definition.name, dimensions: [], aggregate: true, factory: registry)
    }

    package func record(_ value: Int) {
        recorder.record(value)
    }
}

/// A histogram of durations.
package struct Stopwatch: Sendable {
    private let timer: CoreMetrics.Timer

    init(_ definition: MetricDefinition, _ values: [String] = [], in registry: MetricRegistry = .shared) {
        timer = Timer(label: definition.name, dimensions: definition.dimensions(values), factory: registry)
    }

    package func record(_ duration: Duration) {
        timer.recordNanoseconds(duration.nanoseconds)
    }

    /// Records the time since an instant.
    package func record(since start: ContinuousClock.Instant) {
        record(start.duration(to: .now))
    }
}

/// The instruments of one metric, by their label values.
package struct Family<Instrument: Sendable>: Sendable {
    private let table: SeriesTable<Instrument>

    fileprivate init(_ definition: MetricDefinition, _ make: @escaping @Sendable ([String]) -> Instrument) {
        table = SeriesTable(definition, make)
    }

    /// - Parameter values: in the order of the metric's labels.
    package subscript(_ values: String...) -> Instrument { table[values] }
}

extension Family<Tally> {
    init(_ definition: MetricDefinition, in registry: MetricRegistry = .shared) {
        self.init(definition) { Tally(definition, $0, in: registry) }
    }
}

extension Family<Sum> {
    init(_ definition: MetricDefinition, in registry: MetricRegistry = .shared) {
        self.init(definition) { Sum(definition, $0, in: registry) }
    }
}

extension Family<Stopwatch> {
    init(_ definition: MetricDefinition, in registry: MetricRegistry = .shared) {
        self.init(definition) { Stopwatch(definition, $0, in: registry) }
    }
}

extension MetricDefinition {
    fileprivate func dimensions(_ values: [String]) -> [(String, String)] { Array(zip(labels, values)) }
}

extension Duration {
    /// Saturates at the ends of the range.
    var nanoseconds: Int64 {
        let (seconds, overflows) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, overflows2) = seconds.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        return overflows || overflows2 ? (components.seconds < 0 ? .min : .max) : total
    }
}
