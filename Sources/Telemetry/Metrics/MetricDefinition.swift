/// What is known of a metric beside its values. `MetricCatalogue.swift` declares all of them, each once.
package struct MetricDefinition: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package let name: String
    package let kind: Kind
    /// What it counts or measures, in one sentence.
    package let help: String
    /// The names of its labels. A label's values are of a closed set, or bounded by `maxSeries`; no id and no text of a
    /// user is one.
    package let labels: [String]
    /// The upper bounds of a histogram's buckets, rising, without infinity.
    package let buckets: [Double]
    /// How many combinations of label values have a series of their own. All others share one, with `other` for each label.
    package let maxSeries: Int

    init(
        _ name: String, _ kind: Kind, _ help: String, labels: [String] = [], buckets: [Double] = [], maxSeries: Int = 200
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
        self.buckets = buckets
        self.maxSeries = labels.isEmpty ? 1 : maxSeries
    }

    /// The value of every label in the series that the rest shares.
    package static let otherLabel = "other"

    /// The table of `docs/telemetry.md`.
    package static var table: String {
        let rows = all.map { metric in
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: " ")
            return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |"
        }
        return (["| metric | type | labels | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }
}

extension MetricDefinition {
    /// From a millisecond to ten minutes: work with a database or a model.
    static let workBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]
    /// From a tenth of a millisecond to a second: waits that should be short.
    static let waitBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10]
    /// Powers of two: how many there were of something.
    static let countBuckets = [1.0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
}
