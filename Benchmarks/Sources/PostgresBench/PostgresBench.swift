import Foundation
import Glibc
import Logging
import Postgres

/// `postgres-bench [connections] [seconds] [target]`: the latency and CPU time of small queries, one task a connection.
///
/// `target` is a connection string, or the absolute path of a data directory for a private server that is started and
/// stopped; without one, that directory is a temporary one.
@main
struct PostgresBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let connections = arguments.first.flatMap { Int($0) } ?? 8
        let seconds = arguments.dropFirst().first.flatMap { Double($0) } ?? 5
        let temporary = NSTemporaryDirectory() + "/pressroom-bench-\(getpid())"
        let target = arguments.dropFirst(2).first ?? temporary
        guard target.hasPrefix("/") else {
            return try await measure(PostgresConfiguration(connectionString: target), connections, seconds)
        }
        let embedded = EmbeddedPostgres(dataDirectory: target, logger: Logger(label: "bench"))
        try await measure(try await embedded.start(), connections, seconds)
        await embedded.stop()
        for suffix in ["", ".lock"] { try? FileManager.default.removeItem(atPath: temporary + suffix) }
    }

    private static func measure(_ configuration: PostgresConfiguration, _ connections: Int, _ seconds: Double) async throws {
        var configuration = configuration
        configuration.maxConnections = connections
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "bench"))
        for (name, body) in cases {
            try await report(name, connections: connections, seconds: seconds) { try await body(client) }
        }
        print("on the poller's thread:")
        try await withTaskExecutorPreference(PollerExecutor.shared) {
            for (name, body) in cases {
                try await report(name, connections: connections, seconds: seconds) { try await body(client) }
            }
        }
        await client.shutdown()
    }

    private static let cases: [(String, @Sendable (PostgresClient) async throws -> Void)] = [
        ("SELECT 1", { client in _ = try await client.query("SELECT 1") }),
        ("SELECT $1::int + 1", { client in _ = try await client.query("SELECT \(41)::int + 1") }),
        ("transaction of one SELECT", { client in
            try await client.withTransaction { _ = try await $0.query("SELECT 1") }
        }),
        ("pipeline of 10 SELECTs", { client in
            _ = try await client.pipeline(Array(repeating: "SELECT 1", count: 10))
        }),
    ]

    private static func report(
        _ name: String, connections: Int, seconds: Double, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        _ = try await run(connections: connections, seconds: min(seconds, 0.5), body)
        let cpuBefore = cpuMicroseconds()
        let start = ContinuousClock.now
        let latencies = try await run(connections: connections, seconds: seconds, body).sorted()
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let cpu = Double(cpuMicroseconds() - cpuBefore) / Double(latencies.count)
        let median = latencies[latencies.count / 2]
        let high = latencies[latencies.count * 99 / 100]
        let rate = Int(Double(latencies.count) / elapsed)
        print("\(name): \(rate)/s, median \(median) µs, p99 \(high) µs, own CPU \(String(format: "%.1f", cpu)) µs each")
    }

    /// Latencies in microseconds.
    private static func run(
        connections: Int, seconds: Double, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> [Int] {
        try await withThrowingTaskGroup(of: [Int].self) { group in
            let end = ContinuousClock.now.advanced(by: .seconds(seconds))
            for _ in 0..<connections {
                group.addTask {
                    var latencies: [Int] = []
                    var now = ContinuousClock.now
                    while now < end {
                        try await body()
                        let after = ContinuousClock.now
                        latencies.append(Int((after - now) / .microseconds(1)))
                        now = after
                    }
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func cpuMicroseconds() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
            + Int(usage.ru_utime.tv_usec) + Int(usage.ru_stime.tv_usec)
    }
}
