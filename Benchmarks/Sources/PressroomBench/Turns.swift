import ArgumentParser
import Base
import Client
import Foundation

struct TurnsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "turns",
        abstract: "How long a service's event loops are busy at a time, with random documents.",
        discussion: """
            Sends documents of every legal form as inputs, configurations, signals, events and definitions, and reads them \
            back. --turns names the file in which Benchmarks/turns notes the loops' turns; without it the documents are sent \
            and nothing is measured. A response of 5xx, or a task that does not end, fails the run.
            """)

    @Option(help: "How many documents.")
    var documents = 2_000

    @Option(help: "Which documents.")
    var seed: UInt64 = 1

    @Option(help: "Connections, each with one request after the other.")
    var connections = 4

    @Option(help: "The file of the turns.")
    var turns: String?

    @Option(help: "Seconds after which to give up waiting for the end of the tasks.")
    var timeout = 300.0

    @OptionGroup var client: ServiceOptions
    @OptionGroup var output: ReportOptions

    private static let workflow = """
        name: bench-turns
        version: 1.0.0
        description: Takes any document, for `pressroom-bench`.
        category: bench
        input:
          type: object
          required: [doc, list]
          properties:
            doc: {}
            list: {type: array, default: [{}, {}], items: {type: object, properties: {text: {type: string, default: a text}}}}
        phases:
          - {id: all, kind: transform, expression: "$.input.doc", on_failure: continue}
          - {id: go, kind: signal}
          - {id: note, kind: log, message: "{{doc}} {{phases.all}} {{phases.go.data}}"}
        """

    func validate() throws {
        guard (1...1_000_000).contains(documents) else { throw ValidationError("--documents must be 1…1000000") }
        guard (1...1000).contains(connections) else { throw ValidationError("--connections must be 1…1000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let server = try ServerAddress(client.url)
        try await client.withClient { _ = try await $0.publishWorkflow(Self.workflow, as: .yaml) }
        let target = BenchTarget(server: server, token: client.bearerToken, subscribePath: "/", publishPath: "/")
        let (documents, seed, connections) = (documents, seed, connections)
        let counts = try await WorkerThreads(connections) { worker in
            var sender = try DocumentSender(target)
            for number in stride(from: worker, to: documents, by: connections) {
                var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
                try sender.send(Self.document(number, &generator))
            }
            return sender.statuses
        }.outputs().reduce(into: [Int: Int]()) { $0.merge($1, uniquingKeysWith: +) }
        try await waitForTasks()

        var report = BenchReport("turns")
        report.add("documents", documents)
        report.add("requests", counts.values.reduce(0, +))
        report.add("refused", counts.filter { $0.key >= 400 }.values.reduce(0, +))
        if let turns {
            let loops = try EventLoopTurns.read(turns)
            guard loops.contains(where: { $0.turns > 0 }) else { throw BenchFailure("\(turns) has no turn") }
            report.add("loops", loops.count)
            report.add("turns", loops.map(\.turns).reduce(0, +))
            report.add("turns_over_50_ms", loops.map(\.longOnes).reduce(0, +))
            report.add("longest_turn_ms", Double(loops.map(\.longest).max() ?? 0) / 1e6, decimals: 3)
            report.add("longest_turn_of", .string(loops.max { $0.longest < $1.longest }?.name ?? ""))
        }
        report.write(asJSON: output.json)
    }

    /// One of the fuzzer's; now and then many of them in one, as large as a request may be.
    private static func document(_ number: Int, _ generator: inout SeededGenerator) -> String {
        func one() -> String { RandomDocument.random(&generator, maxDepth: 60).text(&generator) }
        guard number % 25 == 24 else { return one() }
        let size = Int(generator.next(below: 900_000))
        var (parts, bytes) = ([String](), 0)
        while bytes < size {
            let part = one()
            parts.append(part)
            bytes += part.utf8.count + 1
        }
        return "[" + parts.joined(separator: ",") + "]"
    }

    private func waitForTasks() async throws {
        let client = client
        try await TimeLimit.run(timeout, "not all tasks had ended") {
            try await client.withClient { client in
                while try await !client.tasks(status: "pending,running,waiting", workflow: "bench-turns", limit: 1).items.isEmpty {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
    }
}

/// Sends documents in every place that takes one.
private struct DocumentSender {
    private let target: BenchTarget
    private let connection: KeepAliveConnection
    private let base: String
    /// How many responses had each status.
    private(set) var statuses: [Int: Int] = [:]

    init(_ target: BenchTarget) throws {
        self.target = target
        connection = try KeepAliveConnection(target.server)
        base = target.server.basePath + "/api/v1"
    }

    mutating func send(_ document: String) throws {
        _ = try exchange(target.post(document, to: base + "/workflows/validate"))
        let isSmall = document.utf8.count < 400_000
        let input = #"{"workflow":"bench-turns","input":{"doc":\#(document)},"config":\#(isSmall ? #"{"doc":\#(document)}"# : "{}")}"#
        guard try exchange(target.post(input, to: base + "/tasks")) == 202,
            let task = try JSON(parsing: Array(connection.body), limits: .stored)["task_id"]?.string
        else { return }
        let path = base + "/tasks/" + task
        _ = try exchange(target.post(#"{"data":\#(document)}"#, to: path + "/events"))
        _ = try exchange(target.get(path + "/state"))
        if try exchange(target.post(#"{"data":\#(document)}"#, to: path + "/signals/go")) != 202 {
            _ = try exchange(target.post(#"{"data":1}"#, to: path + "/signals/go"))
        }
        _ = try exchange(target.get(base + "/tasks?limit=20"))
        _ = try exchange(target.get(path + "/state?include=logs"))
    }

    private mutating func exchange(_ request: [UInt8]) throws -> Int {
        let status = try connection.status(of: request)
        statuses[status, default: 0] += 1
        guard status < 500 else {
            throw BenchFailure("\(status): \(String(decoding: connection.body.prefix(500), as: UTF8.self).debugDescription)")
        }
        return status
    }
}

/// What `Benchmarks/turns` notes of one event loop.
private struct EventLoopTurns {
    let name: String
    let turns: Int
    /// In nanoseconds.
    let longest: UInt64
    let longOnes: Int

    /// The loops that have turned. The layout is `struct entry` of `turns.c`.
    static func read(_ path: String) throws -> [EventLoopTurns] {
        guard let data = FileManager.default.contents(atPath: path) else { throw BenchFailure("\(path) cannot be read") }
        return stride(from: 0, to: data.count - 47, by: 48).compactMap { start in
            func number(_ index: Int) -> UInt64 {
                (0..<8).reduce(0) { $0 | UInt64(data[start + 16 + index * 8 + $1]) << UInt64(8 * $1) }
            }
            let name = String(decoding: data[start..<start + 16].prefix { $0 != 0 }, as: UTF8.self)
            guard number(0) > 0 else { return nil }
            return EventLoopTurns(
                name: name, turns: Int(clamping: number(0)), longest: number(1), longOnes: Int(clamping: number(2)))
        }
    }
}
