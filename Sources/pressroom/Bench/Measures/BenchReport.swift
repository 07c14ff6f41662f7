import Workflow

/// What a run found, for people and for programs.
struct BenchReport {
    private let name: String
    private var fields: [(name: String, value: JSON)] = []

    init(_ name: String) { self.name = name }

    mutating func add(_ name: String, _ value: JSON) {
        fields.append((name, value))
    }

    mutating func add(_ name: String, _ value: Int) {
        add(name, .integer(Int64(value)))
    }

    mutating func add(_ name: String, _ value: Double, decimals: Int) {
        add(name, .number(Self.rounded(value, decimals)))
    }

    /// p50, p99 and the maximum, in milliseconds.
    mutating func add(_ histogram: LatencyHistogram, _ name: String) {
        guard histogram.count > 0 else { return }
        add(name + "_p50_ms", histogram.milliseconds(percentile: 50), decimals: 3)
        add(name + "_p99_ms", histogram.milliseconds(percentile: 99), decimals: 3)
        add(name + "_max_ms", histogram.milliseconds(percentile: 100), decimals: 3)
    }

    func write(asJSON: Bool) {
        if asJSON {
            let members = Dictionary(fields.map { ($0.name, $0.value) }) { _, last in last }
            return Terminal.write(JSON.object(members.merging(["bench": .string(name)]) { old, _ in old }).text)
        }
        let width = fields.map(\.name.count).max() ?? 0
        for (name, value) in fields { Terminal.write(DisplayWidth.padded(name, width) + "  " + (value.string ?? value.text)) }
    }

    static func rounded(_ value: Double, _ decimals: Int) -> Double {
        guard value.isFinite else { return 0 }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        return (value * scale).rounded() / scale
    }

    /// The middle one, or the mean of both; 0 of none.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
