import CoreMetrics
import Synchronization
import Testing

@testable import Telemetry

@Suite struct MetricRegistryTests {
    private static let metric = MetricDefinition("a_total", .counter, "A.", labels: ["x", "y"], maxSeries: 10)

    private func number(_ registry: MetricRegistry, _ name: String, _ labels: [String] = []) -> Double? {
        let sample = registry.samples().first { $0.definition.name == name && $0.labels == labels }
        guard case .number(let number)? = sample?.value else { return nil }
        return number
    }

    @Test func seriesAreBoundedAndTheRestIsCountedTogether() {
        let made = Atomic(0)
        let table = SeriesTable<CounterCell>(Self.metric) { _ in
            made.wrappingAdd(1, ordering: .relaxed)
            return CounterCell()
        }
        for number in 0..<1000 { table[["\(number)", "y"]].increment(by: 1) }
        for number in 0..<10 { #expect(table[["\(number)", "y"]].count == 1) }
        #expect(made.load(ordering: .relaxed) == 11)
        #expect(table[["500", "y"]] === table[["501", "z"]])
        #expect(table[["500", "y"]].count == 990)
        #expect(table[[String(repeating: "x", count: 129), "y"]] === table[["500", "y"]])
    }

    @Test func threadsThatCountAtTheSameTimeLoseNothing() async {
        let registry = MetricRegistry()
        let family = Family<Tally>(.steps, in: registry)
        let timer = Stopwatch(.claimTime, in: registry)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<5_000 {
                        family["kind\((number + task) % 50)", "completed", ""].increment()
                        timer.record(.milliseconds(1))
                    }
                }
            }
        }
        let samples = registry.samples().filter { $0.definition == .steps }
        #expect(samples.count == 50)
        #expect(samples.allSatisfy { $0.value == .number(800) })
        let times = registry.samples().first { $0.definition == .claimTime }
        guard case .histogram(let histogram)? = times?.value else {
            Issue.record("no histogram")
            return
        }
        #expect(histogram.counts.reduce(0, +) == 40_000)
        #expect(abs(histogram.sum - 40) < 1e-6)
    }

    @Test func othersMetricsAreTakenAndBounded() {
        let registry = MetricRegistry()
        Counter(label: "shop.orders", dimensions: [("kind of", "books")], factory: registry).increment(by: 3)
        #expect(number(registry, "shop_orders_total", ["books"]) == 3)
        // Another kind, or other labels, under the same name: not taken, and harmless.
        Gauge(label: "shop_orders_total", dimensions: [], factory: registry).record(7)
        Counter(label: "shop.orders", dimensions: [("colour", "red")], factory: registry).increment()
        #expect(registry.samples().count == 1)
        for number in 0..<300 { Counter(label: "shop.orders", dimensions: [("kind of", "\(number)")], factory: registry).increment() }
        #expect(registry.samples().count <= 102)
        for number in 0..<2000 { Counter(label: "m\(number)", dimensions: [], factory: registry).increment() }
        #expect(Set(registry.samples().map(\.definition.name)).count <= MetricDefinition.all.count + 500)
        #expect(number(registry, "m0_total") == 1)
    }

    @Test func aCounterNeverFalls() {
        let registry = MetricRegistry()
        let sum = FloatingPointCounter(label: MetricDefinition.modelCost.name, dimensions: [("model", "a/b")], factory: registry)
        for amount in [0.5, -1, .nan, .infinity, 0.25] { sum.increment(by: amount) }
        #expect(number(registry, MetricDefinition.modelCost.name, ["a/b"]) == 0.75)
        let tally = Tally(.claims, in: registry)
        tally.increment(by: 2)
        tally.increment(by: -5)
        #expect(number(registry, MetricDefinition.claims.name) == 2)
    }

    @Test func theProcessShowsItself() {
        let samples = ProcessSamples.now()
        for metric: MetricDefinition in [.processCPU, .processMemory, .processFiles, .processMaxFiles, .processStart, .processThreads] {
            let sample = samples.first { $0.definition == metric }
            guard case .number(let number)? = sample?.value else {
                Issue.record("\(metric.name) is missing")
                continue
            }
            #expect(number > 0, "\(metric.name)")
        }
    }
}
