import CoreMetrics
import Foundation
import Testing

@testable import Telemetry

@Suite struct PrometheusTextTests {
    private static let labelled = MetricDefinition(
        "shop_orders_total", .counter, "Orders\nwith a \\ and a \"quote\".", labels: ["kind", "code"])

    @Test func labelsAndHelpAreEscaped() {
        let text = PrometheusText.text(of: [MetricSample(Self.labelled, 2, labels: ["a\\b\"c\nd", "é 😀"])])
        #expect(
            text == """
                # HELP shop_orders_total Orders\\nwith a \\\\ and a "quote".
                # TYPE shop_orders_total counter
                shop_orders_total{kind="a\\\\b\\"c\\nd",code="é 😀"} 2

                """)
    }

    @Test func numbersAreWrittenAsPrometheusReadsThem() {
        #expect(PrometheusText.written(.nan) == "NaN")
        #expect(PrometheusText.written(.infinity) == "+Inf")
        #expect(PrometheusText.written(-.infinity) == "-Inf")
        #expect(PrometheusText.written(0) == "0")
        #expect(PrometheusText.written(-3) == "-3")
        #expect(PrometheusText.written(0.25) == "0.25")
        for number in [1e300, 1e-300, 0.1, 123_456_789.123, Double(Int64.max), .leastNonzeroMagnitude] {
            #expect(Double(PrometheusText.written(number)) == number)
        }
    }

    @Test func familiesAndSeriesHaveOneOrder() {
        let other = MetricDefinition("a_gauge", .gauge, "A gauge.")
        var samples = ["x", "y", "b", "a"].map { MetricSample(Self.labelled, 1, labels: [$0, "z"]) }
        samples.append(MetricSample(other, 7))
        let texts = Set((0..<20).map { _ in PrometheusText.text(of: samples.shuffled()) })
        #expect(texts.count == 1)
        let lines = texts.first?.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } } ?? []
        #expect(
            lines == [
                "a_gauge", "shop_orders_total{kind=\"a\",code=\"z\"}", "shop_orders_total{kind=\"b\",code=\"z\"}",
                "shop_orders_total{kind=\"x\",code=\"z\"}", "shop_orders_total{kind=\"y\",code=\"z\"}",
            ])
    }

    @Test func bucketsOfAHistogramAreCumulative() {
        let definition = MetricDefinition("wait_seconds", .histogram, "Waits.", labels: ["group"], buckets: [0.1, 1])
        let cell = HistogramCell(bounds: definition.buckets)
        for value in [0.05, 0.1, 0.5, 5, .nan, .infinity] { cell.record(value) }
        let text = PrometheusText.text(of: [MetricSample(definition, ["a"], .histogram(cell.snapshot()))])
        #expect(
            text == """
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{group="a",le="0.1"} 2
                wait_seconds_bucket{group="a",le="1"} 3
                wait_seconds_bucket{group="a",le="+Inf"} 4
                wait_seconds_sum{group="a"} 5.65
                wait_seconds_count{group="a"} 4

                """)
    }
}

@Suite struct MetricCatalogueTests {
    @Test func theDocumentationHasEveryMetric() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/telemetry.md"), encoding: .utf8)
        #expect(text.contains("\n\(MetricDefinition.table)\n"), "docs/telemetry.md needs the output of: pressroom metrics")
    }

    @Test func namesFollowThePractice() {
        let names = MetricDefinition.all.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in MetricDefinition.all {
            #expect(metric.name.hasPrefix("pressroom_") || metric.name.hasPrefix("process_"), "\(metric.name)")
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.buckets.isEmpty == (metric.kind != .histogram), "\(metric.name)")
            #expect(metric.buckets == metric.buckets.sorted() && metric.buckets.allSatisfy(\.isFinite), "\(metric.name)")
            #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n"), "\(metric.name)")
            #expect((1...2000).contains(metric.maxSeries), "\(metric.name)")
        }
    }
}
