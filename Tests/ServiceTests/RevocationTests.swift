import AsyncHTTPClient
import Base
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Testing
import TestSupport
import Workflow

/// Access that is taken away while events flow, by requests to any node and by `psql`. `PRESSROOM_TEST_READERS=n` lets so many
/// read.
@Suite struct RevocationTests {
    private static let readers = ProcessInfo.processInfo.environment["PRESSROOM_TEST_READERS"].flatMap { Int($0) } ?? 20
    private static let workspace = UUIDv7.next()
    private static let node = """
        auth: {modes: [keys]}
        processor: {concurrency: 0}
        """

    /// A user with a key and a place in a workspace.
    private struct Reader: Sendable {
        let userID: String
        let keyID: String
        let key: String
    }

    /// What a reader got, up to `credentials_expired` or the end.
    private struct Reading: Sendable {
        var positions: [Int64] = []
        var expired: (position: Int64, reason: String)?
    }

    private struct Press: Sendable {
        let nodes: [TestService]
        let client: HTTPClient
        let admin: Reader
        let task: String

        func send(_ method: String, _ path: String, _ body: JSON? = nil, to node: TestService) async throws {
            var request = HTTPClientRequest(url: "\(node.baseURL)/api/v1\(path)")
            request.method = .init(rawValue: method)
            request.headers.add(name: "authorization", value: "Bearer \(admin.key)")
            if let body {
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .bytes(ByteBuffer(bytes: body.utf8))
            }
            let response = try await client.execute(request, timeout: .seconds(30))
            _ = try await response.body.collect(upTo: 1 << 20)
            #expect((200..<300).contains(Int(response.status.code)), "\(method) \(path): \(response.status)")
        }

        /// Follows the tenant from a cursor on.
        /// - Parameter opened: called when the stream has begun.
        func read(
            _ reader: Reader, from origin: Cursor, on node: TestService, opened: @Sendable () -> Void
        ) async throws -> Reading {
            let events = EventSource(
                url: "\(node.baseURL)/api/v1/stream?cursor=\(origin)", headers: [("authorization", "Bearer \(reader.key)")],
                policy: .eager, httpClient: client)
            var reading = Reading()
            for try await event in events {
                let data = try JSON(parsing: event.data)
                let position = data["cursor"]?.string.flatMap { Cursor($0) }?.position
                switch event.name {
                case "credentials_expired":
                    reading.expired = (position ?? 0, data["reason"]?.string ?? "")
                    return reading
                case "opened": opened()
                case "heartbeat": continue
                default:
                    if let position { reading.positions.append(position) }
                    if event.name == "custom.end" { return reading }
                }
            }
            return reading
        }

        /// Posts events by requests to random nodes and changes rows as `psql` does.
        func write(_ random: SeededGenerator, rounds: Int) async throws {
            var random = random
            for _ in 0..<rounds {
                switch random.next(below: 3) {
                case 0: _ = try await nodes[0].sql("UPDATE pressroom.tasks SET priority = priority WHERE task_id = \(task)::uuid")
                default:
                    let node = nodes[Int(random.next(below: UInt64(nodes.count)))]
                    try await send("POST", "/tasks/\(task)/events", ["data": "x"], to: node)
                }
                try await random.pause(0..<8)
            }
        }

        /// Takes a key or a membership away. Returns what its position is found by.
        func revoke(_ reader: Reader, _ random: inout SeededGenerator) async throws -> String {
            let node = nodes[Int(random.next(below: UInt64(nodes.count)))]
            switch random.next(below: 5) {
            case 0:
                let row = try await node.sql("SELECT id::text FROM pressroom.api_keys WHERE key_id = \(reader.keyID)")
                try await send("DELETE", "/api-keys/\(try row[0].decode(0, as: String.self))", to: node)
                return reader.keyID
            case 1:
                _ = try await node.sql("UPDATE pressroom.api_keys SET revoked_at = now() WHERE key_id = \(reader.keyID)")
                return reader.keyID
            case 2:
                _ = try await node.sql("UPDATE pressroom.api_keys SET scopes = '{write}' WHERE key_id = \(reader.keyID)")
                return reader.keyID
            case 3:
                try await send("DELETE", "/workspaces/\(RevocationTests.workspace.text)/members/user:\(reader.userID)", to: node)
                return "user:\(reader.userID)"
            default:
                _ = try await node.sql("DELETE FROM pressroom.workspace_members WHERE user_id = \(reader.userID)")
                return "user:\(reader.userID)"
            }
        }
    }

    private static func addReader(_ number: Int, scopes: String = "{read}", _ node: TestService) async throws -> Reader {
        let (user, keyID, secret) = ("user-\(number)", String(format: "%016d", number), UUID().text.replacing("-", with: ""))
        _ = try await node.sql(
            """
            INSERT INTO pressroom.api_keys (tenant_id, name, key_id, secret_hash, user_id, scopes, created_by)
            VALUES ('default', 'k', \(keyID), sha256(convert_to(\(secret + secret), 'UTF8')), \(user), \(scopes)::text[], 'test')
            """)
        _ = try await node.sql(
            """
            INSERT INTO pressroom.workspace_members (tenant_id, workspace_id, user_id, access)
            VALUES ('default', \(workspace), \(user), 'read')
            """)
        return Reader(userID: user, keyID: keyID, key: "prk_\(keyID)_\(secret)\(secret)")
    }

    @Test func nothingReachesAReaderAfterThePositionOfItsRevocation() async throws {
        let seed = Seed.pick("nothingReachesAReaderAfterThePositionOfItsRevocation")
        try await withNodes([Self.node, Self.node, Self.node]) { nodes in
            var random = SeededGenerator(seed: seed)
            var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: .seconds(30)))
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2 * Self.readers
            let client = HTTPClient(configuration: configuration)
            let result: Result<Void, any Error>
            do {
                try await Self.run(nodes, client, &random, seed: seed)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try await client.shutdown()
            try result.get()
        }
    }

    private static func run(
        _ nodes: [TestService], _ client: HTTPClient, _ random: inout SeededGenerator, seed: UInt64
    ) async throws {
        _ = try await nodes[0].sql(
            "INSERT INTO pressroom.workspaces (tenant_id, id, name, created_by) VALUES ('default', \(workspace), 'news', 'test')")
        let admin = try await addReader(0, scopes: "{read,write,admin}", nodes[0])
        let own = PressroomClient(baseURL: nodes[0].baseURL, token: admin.key, httpClient: nodes[0].httpClient)
        _ = try await own.publishWorkflow(Definitions.held("rehearsal"), as: .yaml)
        let input = Data((["topic": "swifts"] as JSON).utf8)
        let task = try await own.startTask(TaskRequest(workflow: "held", input: input)).id
        let press = Press(nodes: nodes, client: client, admin: admin, task: task)
        var readers: [Reader] = []
        for number in 1...Self.readers { readers.append(try await addReader(number, nodes[0])) }
        let all = readers
        // More than half of them lose something.
        let losing = random.shuffled(Array(all.indices)).prefix(all.count * 3 / 5)
        let head = try await nodes[0].sql("SELECT epoch, position FROM pressroom.stream_heads WHERE tenant_id = 'default'")[0]
        let origin = Cursor(epoch: try head.decode(0), position: try head.decode(1))
        let writers = (random.fork(), random.fork())
        var revoking = random.fork()

        let (readings, revoked): ([Reading], [Int: String]) = try await withThrowingTaskGroup(of: (Int, Reading).self) { group in
            let (streams, opened) = AsyncStream.makeStream(of: Void.self)
            for (index, reader) in all.enumerated() {
                group.addTask {
                    (index, try await press.read(reader, from: origin, on: nodes[index % nodes.count]) { opened.yield() })
                }
            }
            var waiting = streams.makeAsyncIterator()
            for _ in all { await waiting.next() }
            async let first: Void = press.write(writers.0, rounds: 120 + 2 * all.count)
            async let second: Void = press.write(writers.1, rounds: 120 + 2 * all.count)
            var revoked: [Int: String] = [:]
            for index in losing {
                try await revoking.pause(1..<40)
                revoked[index] = try await press.revoke(all[index], &revoking)
            }
            _ = try await (first, second)
            try await press.send("POST", "/tasks/\(task)/events", ["type": "custom.end", "data": "end"], to: nodes[0])
            var readings = Array(repeating: Reading(), count: all.count)
            for try await (index, reading) in group { readings[index] = reading }
            return (readings, revoked)
        }

        let log = try await nodes[0].sql(
            """
            SELECT position, coalesce(payload #>> '{access,key_id}', payload #>> '{access,member}') AS affected, task_id IS NULL AS is_hidden
              FROM pressroom.events WHERE tenant_id = 'default' AND position > \(origin.position) ORDER BY position
            """)
        let positions = try log.filter { try !$0.decode("is_hidden", as: Bool.self) }.map { try $0.decode("position", as: Int64.self) }
        for (index, reading) in readings.enumerated() {
            let what = "seed \(seed), reader \(index)"
            guard let affected = revoked[index] else {
                #expect(reading.expired == nil && reading.positions == positions, "\(what): \(reading.positions.count) of \(positions.count)")
                continue
            }
            let change = try log.first { try $0.decode("affected", as: String?.self) == affected }
            let end = try #require(try change?.decode("position", as: Int64.self), "\(what)")
            let expired = try #require(reading.expired, "\(what): \(affected)")
            #expect((reading.positions.last ?? 0) < end, "\(what)")
            #expect(expired.position < end, "\(what)")
            #expect(reading.positions == positions.filter { $0 <= expired.position }, "\(what)")
            #expect(["revoked", "access"].contains(expired.reason), "\(what)")
        }
        try await Invariants.check(nodes[0])
    }
}
