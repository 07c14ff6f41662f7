import Base
import Client
import NIOCore
import NIOPosix
import TestSupport
import Workflow

/// Reads a stream over connections that break at random bytes, and goes on with the last id that it has seen.
struct RestlessReader: Sendable {
    enum Outcome: Sendable {
        case goOn
        case stop
    }

    /// Of the nodes, one of which each connection goes to at random.
    let ports: [Int]
    /// With its query, which must not say where to begin once a cursor is known.
    let path: String
    /// How the first connection begins, such as `from=earliest`; empty for nothing.
    var beginning = ""
    var generator: SeededGenerator
    private(set) var cursor = ""
    private(set) var connections = 0
    /// The service said that there is nothing more.
    private(set) var sawNoContent = false
    private(set) var sawEnd = false

    init(port: Int, path: String, beginning: String = "", cursor: String = "", generator: SeededGenerator) {
        self.init(ports: [port], path: path, beginning: beginning, cursor: cursor, generator: generator)
    }

    init(ports: [Int], path: String, beginning: String = "", cursor: String = "", generator: SeededGenerator) {
        self.ports = ports
        self.path = path
        self.beginning = beginning
        self.cursor = cursor
        self.generator = generator
    }

    /// Reads until a 204, or until `onEvent` says stop.
    mutating func run(_ onEvent: @escaping @Sendable (ServerSentEvent) async throws -> Outcome) async throws {
        while true {
            connections += 1
            let budget = randomBudget()
            let port = ports[Int(generator.next(below: UInt64(ports.count)))]
            let request = request()
            let start = cursor
            let visit: Visit
            do {
                visit = try await RawConnection.with(port: port) { connection in
                    try await Self.visit(&connection, request: request, cursor: start, budget: budget, onEvent)
                }
            } catch where error is NIOConnectionError || error is IOError || error is ChannelError {
                // Nobody listens now; a browser waits too before it comes back.
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            cursor = visit.cursor
            sawEnd = sawEnd || visit.sawEnd
            if visit.status == 204 { sawNoContent = true }
            if visit.status == 204 || visit.isStopped { return }
        }
    }

    private struct Visit: Sendable {
        var cursor: String
        var status: Int?
        var isStopped = false
        var sawEnd = false
    }

    private static func visit(
        _ connection: inout RawConnection, request: String, cursor: String, budget: Int,
        _ onEvent: @Sendable (ServerSentEvent) async throws -> Outcome
    ) async throws -> Visit {
        var visit = Visit(cursor: cursor)
        var stream = StreamBytes(lastEventID: cursor)
        var left = budget
        try await connection.send(request)
        reading: while left > 0, let bytes = try await connection.next() {
            for event in try stream.append(bytes.prefix(left)) {
                visit.cursor = event.lastEventID
                if event.name == "end" { visit.sawEnd = true }
                if try await onEvent(event) == .stop {
                    visit.isStopped = true
                    break reading
                }
            }
            left -= bytes.count
            if stream.isComplete { break }
        }
        visit.status = stream.status
        if !visit.isStopped { visit.cursor = stream.parser.lastEventID }
        if let status = stream.status, status != 200, status != 204 {
            throw Overdue(description: "the stream answered \(status)")
        }
        return visit
    }

    /// Sizes from a few bytes to more than any state, small ones as often as large ones.
    private mutating func randomBudget() -> Int {
        let bits = 4 + generator.next(below: 16)
        return 1 + Int(generator.next(below: 1 << bits))
    }

    private mutating func request() -> String {
        var query = cursor.isEmpty ? beginning : ""
        var header = ""
        if !cursor.isEmpty {
            if generator.next(below: 2) == 0 { query = "cursor=\(cursor)" } else { header = "Last-Event-ID: \(cursor)\r\n" }
        }
        let target = query.isEmpty ? path : path + (path.contains("?") ? "&" : "?") + query
        return "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\(header)\r\n"
    }
}
