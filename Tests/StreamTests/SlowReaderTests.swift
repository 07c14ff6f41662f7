import Base
import Broadcast
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

/// A reader that takes nothing for two heartbeats is cut off, misses nothing in the end, and nobody else notices. One that
/// takes a little is not.
@Suite struct SlowReaderTests {
    /// Reads a tenant's stream up to a position at a time.
    private struct Follower: Sendable {
        private let socket: StreamSocket
        private var response: StreamResponse
        private(set) var positions: [Int64] = []
        var lastEventID: String { response.lastEventID }
        /// Whether the response ended as HTTP says that it should.
        var isComplete: Bool { response.isComplete }

        init(_ node: StreamNode, after cursor: Cursor) async throws {
            response = StreamResponse(lastEventID: cursor.description)
            socket = try await StreamSocket.connect(port: node.port)
            try await socket.send(
                "GET /api/v1/stream?cursor=\(cursor) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            // The opening: the stream has begun.
            try await read { $0.response.status == 200 }
        }

        mutating func read(to position: Int64) async throws {
            try await read { ($0.positions.last ?? 0) >= position }
        }

        /// Everything that is left.
        mutating func readOut() async throws {
            while let bytes = await socket.next() { try take(bytes) }
        }

        func close() { socket.close() }

        /// Takes this many bytes at an even pace.
        mutating func readSlowly(bytes: Int, in time: Duration) async throws {
            let start = ContinuousClock.now
            var taken = 0
            while taken < bytes {
                guard let piece = await socket.next() else { throw Reading.Wrong(description: "cut off after \(taken) bytes") }
                taken += piece.count
                try take(piece)
                try await Task.sleep(until: start + time * (Double(taken) / Double(bytes)), clock: .continuous)
            }
        }

        private mutating func read(until isDone: (Follower) -> Bool) async throws {
            while !isDone(self) {
                guard let bytes = await socket.next() else { throw Reading.Wrong(description: "cut off after \(lastEventID)") }
                try take(bytes)
            }
        }

        private mutating func take(_ bytes: [UInt8]) throws {
            for block in try response.append(bytes) where !["opened", "heartbeat"].contains(block.name) {
                guard let position = block.id.flatMap({ Cursor($0) })?.position else {
                    throw Reading.Wrong(description: "\(block.name) has no position")
                }
                positions.append(position)
            }
        }
    }

    @Test func aReaderThatNeverReadsHurtsOnlyItself() async throws {
        try await withDatabase(migrated: true) { database in
            let configure: @Sendable (inout HubConfiguration) -> Void = {
                $0.maxUnsentBytes = 100_000
                $0.heartbeat = .milliseconds(300)
            }
            try await StreamNode.with(database, configure: configure) { node in
                let scope = Scope(tenantID: "default", userID: "tester")
                _ = try await node.store.logHead(scope)
                let task = StoryTask(tenantID: "default", id: UUID(), conversationID: "c", workflowName: "w")
                try await task.add(to: node.store.database)
                let origin = try await node.store.logHead(scope).cursor
                var slow = try await Follower(node, after: origin)
                var others: [Follower] = []
                for _ in 0..<12 { others.append(try await Follower(node, after: origin)) }
                #expect(node.hub.streamCount == 13)
                let data = JSON.string(String(repeating: "x", count: 40_000))
                var last = origin.position
                // Far more than every buffer between the node and its reader holds.
                while node.hub.streamCount == 13, last < origin.position + 2_000 {
                    last = try await node.store.appendCustomEvent(
                        scope, CustomEvent(taskID: task.id, type: "custom.note", data: data)
                    ).position
                    // Nobody but the slow one is ever behind.
                    let position = last
                    others = try await withThrowingTaskGroup(of: Follower.self) { group in
                        for other in others {
                            group.addTask {
                                var other = other
                                try await other.read(to: position)
                                return other
                            }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                }
                #expect(node.hub.streamCount == 12, "the slow reader was not cut off")
                let all = Array((origin.position + 1)...last)
                for other in others { #expect(other.positions == all) }
                // What was under way to it still arrives; then it goes on from there.
                try await slow.readOut()
                #expect(!slow.isComplete)
                #expect(slow.positions == Array(all.prefix(slow.positions.count)) && slow.positions.count < all.count)
                let cursor = try #require(Cursor(slow.lastEventID))
                var resumed = try await Follower(node, after: cursor)
                try await resumed.read(to: last)
                #expect(slow.positions + resumed.positions == all)
                for follower in others + [resumed] { follower.close() }
            }
        }
    }

    /// An event far larger than what a connection may hold unsent, over a line that needs many heartbeats for it: the reader
    /// reads without a pause.
    @Test(arguments: [true, false]) func aReaderOnASlowLineGetsALargeEvent(isLive: Bool) async throws {
        try await withDatabase(migrated: true) { database in
            let configure: @Sendable (inout HubConfiguration) -> Void = {
                $0.maxUnsentBytes = 100_000
                $0.heartbeat = .milliseconds(250)
            }
            try await StreamNode.with(database, configure: configure) { node in
                let scope = Scope(tenantID: "default", userID: "tester")
                _ = try await node.store.logHead(scope)
                let task = StoryTask(tenantID: "default", id: UUID(), conversationID: "c", workflowName: "w")
                try await task.add(to: node.store.database)
                let origin = try await node.store.logHead(scope).cursor
                let large = JSON.string(String(repeating: "x", count: 6_000_000))
                @Sendable func post(_ data: JSON) async throws -> Int64 {
                    try await node.store.appendCustomEvent(
                        scope, CustomEvent(taskID: task.id, type: "custom.note", data: data)
                    ).position
                }
                if !isLive { _ = try await post(large) }
                var slow = try await Follower(node, after: origin)
                if isLive { _ = try await post(large) }
                // What comes meanwhile is behind it.
                async let posted: Void = {
                    for number in 0..<20 { _ = try await post(.integer(Int64(number))) }
                }()
                try await slow.readSlowly(bytes: 6_000_000, in: .seconds(6))
                try await posted
                let last = try await post("the last")
                try await slow.read(to: last)
                #expect(slow.positions == Array((origin.position + 1)...last))
                slow.close()
            }
        }
    }
}
