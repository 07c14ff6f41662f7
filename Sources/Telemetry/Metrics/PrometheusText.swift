/// The text that Prometheus reads (text format 0.0.4): families by name, series by their label values, so that two scrapes
/// can be compared line by line.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func text(of samples: [MetricSample]) -> String {
        var text = ""
        let families = Dictionary(grouping: samples, by: \.definition.name).sorted { $0.key < $1.key }
        for (name, samples) in families {
            guard let definition = samples.first?.definition else { continue }
            text += "# HELP \(name) \(escapedHelp(definition.help))\n# TYPE \(name) \(definition.kind.rawValue)\n"
            for sample in samples.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
                append(sample, to: &text)
            }
        }
        return text
    }

    private static func append(_ sample: MetricSample, to text: inout String) {
        let name = sample.definition.name
        let labels = zip(sample.definition.labels, sample.labels).map { "\($0)=\"\(escaped($1))\"" }
        switch sample.value {
        case .number(let number):
            text += "\(name)\(braced(labels)) \(written(number))\n"
        case .histogram(let histogram):
            var count: Int64 = 0
            for (bound, inBucket) in zip(histogram.bounds + [.infinity], histogram.counts) {
                count &+= inBucket
                text += "\(name)_bucket\(braced(labels + ["le=\"\(written(bound))\""])) \(count)\n"
            }
            text += "\(name)_sum\(braced(labels)) \(written(histogram.sum))\n\(name)_count\(braced(labels)) \(count)\n"
        }
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    /// Whole numbers without a fraction; infinities and what is no number as Prometheus writes them.
    static func written(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: number) { return "\(whole)" }
        return "\(number)"
    }

    /// A label value: a backslash, a quote and a line break would end it.
    static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return escapedHelp(value).replacing("\"", with: "\\\"")
    }

    static func escapedHelp(_ help: String) -> String {
        help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }
}
