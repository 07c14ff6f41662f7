package import CoreMetrics
import Synchronization

/// Holds the series of all metrics of the process: the backend of `swift-metrics` behind `/metrics`.
///
/// The metrics of the catalogue are made by `Instruments`. Others come from libraries and from the kinds of an embedding
/// program, when this registry is the one of `MetricsSystem`; they are bounded in number.
package final class MetricRegistry: MetricsFactory, Sendable {
    package static let shared = MetricRegistry()

    private enum Cell {
        case counter(CounterCell)
        case sum(SumCell)
        case number(NumberCell)
        case histogram(HistogramCell)

        var value: SampleValue {
            switch self {
            case .counter(let cell): .number(cell.count)
            case .sum(let cell): .number(cell.number)
            case .number(let cell): .number(cell.number)
            case .histogram(let cell): .histogram(cell.snapshot())
            }
        }
    }

    private struct Family {
        let definition: MetricDefinition
        var cells: [[String]: Cell] = [:]
    }

    /// Of metrics that are not in the catalogue.
    private static let maxForeign = 500
    private static let foreignSeries = 100

    private let families = Mutex<[String: Family]>([:])
    private let catalogue = Dictionary(MetricDefinition.all.map { ($0.name, $0) }) { first, _ in first }

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let cell = cell(label, dimensions, .counter, suffix: "_total") { _ in .counter(CounterCell()) }
        if case .counter(let counter) = cell { return counter }
        return NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        let cell = cell(label, dimensions, .counter, suffix: "_total") { _ in .sum(SumCell()) }
        if case .sum(let sum) = cell { return sum }
        return NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let cell = cell(label, dimensions, .gauge) { _ in .number(NumberCell()) }
        if case .number(let number) = cell { return number }
        return NOOPMetricsHandler.instance
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else {
            if case .number(let number) = cell(label, dimensions, .gauge, make: { _ in .number(NumberCell()) }) { return number }
            return NOOPMetricsHandler.instance
        }
        if case .histogram(let cell) = histogram(label, dimensions) { return cell }
        return NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        if case .histogram(let cell) = histogram(label, dimensions, suffix: "_seconds") { return cell }
        return NOOPMetricsHandler.instance
    }

    // A series stays until the process ends: one that is gone and comes back would look like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// What all series hold now.
    package func samples() -> [MetricSample] {
        families.withLock { families in
            families.values.flatMap { family in
                family.cells.map { MetricSample(family.definition, $0.key, $0.value.value) }
            }
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], suffix: String = "") -> Cell? {
        cell(label, dimensions, .histogram, suffix: suffix) { .histogram(HistogramCell(bounds: $0.buckets)) }
    }

    /// Nil for a name that stands for a metric of another kind or with other labels, and beyond the bound of their number.
    private func cell(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricDefinition.Kind, suffix: String = "",
        make: (MetricDefinition) -> Cell
    ) -> Cell? {
        families.withLock { families in
            let definition: MetricDefinition
            if let known = catalogue[label] {
                definition = known
            } else {
                let name = Self.name(label, suffix: suffix)
                definition = families[name]?.definition ?? Self.foreign(name, kind, dimensions.map(\.0))
            }
            var values: [String] = []
            for label in definition.labels {
                guard let value = dimensions.first(where: { Self.name($0.0) == label })?.1 else { return nil }
                values.append(value)
            }
            guard definition.kind == kind, values.count == dimensions.count else { return nil }
            if families[definition.name] == nil {
                guard families.count < catalogue.count + Self.maxForeign else { return nil }
                families[definition.name] = Family(definition: definition)
            }
            // The catalogue's series are bounded by their `SeriesTable`, which needs one more for the rest.
            if families[definition.name]?.cells[values] == nil,
                let count = families[definition.name]?.cells.count, count > definition.maxSeries
            {
                values = values.map { _ in MetricDefinition.otherLabel }
            }
            if let known = families[definition.name]?.cells[values] { return known }
            let cell = make(definition)
            families[definition.name]?.cells[values] = cell
            return cell
        }
    }

    private static func foreign(_ name: String, _ kind: MetricDefinition.Kind, _ labels: [String]) -> MetricDefinition {
        MetricDefinition(
            name, kind, "Of a library, or of the program that embeds the service.", labels: labels.map { Self.name($0) },
            buckets: kind == .histogram ? MetricDefinition.workBuckets : [], maxSeries: foreignSeries)
    }

    /// A name that Prometheus takes, with its suffix.
    private static func name(_ text: String, suffix: String = "") -> String {
        var name = String(
            text.unicodeScalars.prefix(200).map { scalar -> Character in
                let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                return isPlain ? Character(scalar) : "_"
            })
        if name.first.map({ ("0"..."9").contains($0) }) ?? true { name = "_" + name }
        return name.hasSuffix(suffix) ? name : name + suffix
    }
}

/// The value of one series at a moment.
package enum SampleValue: Sendable, Equatable {
    case number(Double)
    case histogram(HistogramValue)
}

/// One series at a moment.
package struct MetricSample: Sendable {
    package let definition: MetricDefinition
    /// In the order of the definition's labels.
    package let labels: [String]
    package let value: SampleValue

    package init(_ definition: MetricDefinition, _ labels: [String], _ value: SampleValue) {
        self.definition = definition
        self.labels = labels
        self.value = value
    }

    /// A gauge that is read when it is asked for, or a counter that the system keeps.
    package init(_ definition: MetricDefinition, _ number: Double, labels: [String] = []) {
        self.init(definition, labels, .number(number))
    }
}
