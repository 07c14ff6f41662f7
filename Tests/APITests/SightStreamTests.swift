import Base
import Foundation
import NIOHTTP1
import Store
import TestSupport
import Testing
import Workflow

@testable import API

/// What each sender gets on streams of two workspaces and a private workflow.
@Suite struct SightStreamTests {
    private typealias Marker = SightFixture.Marker
    private typealias Sender = SightFixture.Sender

    /// Notes an event in each task, of which the data ends with its marker.
    private static func note(_ text: String, _ fixture: SightFixture) async throws {
        for marker in Marker.allCases.shuffled() {
            let task = fixture.places[marker]?.task ?? ""
            let noted = try await fixture.send(
                .POST, "/tasks/\(task)/events", ["data": .string("\(text) \(marker.rawValue)")] as JSON, as: .root)
            #expect(noted.status == 202)
        }
    }

    private static func hasAll(_ text: String, of markers: Set<Marker>) -> @Sendable (String) -> Bool {
        { stream in markers.allSatisfy { stream.contains("\"\(text) \($0.rawValue)\"") } }
    }

    @Test func replaysHoldWhatIsSeen() async throws {
        try await SightFixture.with { fixture in
            try await Self.note("last", fixture)
            for sender in Sender.allCases {
                for query in ["", "&conversation_id=talk", "&types=custom,task_updated,output_updated,human_task_updated"] {
                    let text = try await within(.seconds(20), "a replay") {
                        try await fixture.read(
                            "/stream?from=earliest\(query)", as: sender, until: Self.hasAll("last", of: sender.sees))
                    }
                    #expect(SightFixture.markers(in: text) == sender.sees, "\(sender) \(query)")
                }
                let tasks = fixture.places.values.map { "&task_id=\($0.task)" }.joined()
                let text = try await within(.seconds(20), "a replay of tasks") {
                    try await fixture.read("/stream?from=earliest\(tasks)", as: sender, until: Self.hasAll("last", of: sender.sees))
                }
                #expect(SightFixture.markers(in: text) == sender.sees, "\(sender)")
                for (marker, place) in fixture.places {
                    let path = "/tasks/\(place.task)/stream"
                    guard sender.sees.contains(marker) else {
                        let answer = try await fixture.send(.GET, path, as: sender, headers: ["accept": "text/event-stream"])
                        #expect(answer.status == 404 && SightFixture.markers(in: answer.text).isEmpty, "\(sender) \(marker)")
                        continue
                    }
                    let state = try await within(.seconds(20), "a state") {
                        try await fixture.read(path, as: sender) { $0.contains("event: state") && $0.hasSuffix("\n\n") }
                    }
                    #expect(SightFixture.markers(in: state) == [marker])
                }
            }
        }
    }

    @Test func liveEventsAreOfWhatIsSeen() async throws {
        try await SightFixture.with { fixture in
            let ready = Countdown(Sender.allCases.count)
            try await within(.seconds(60), "the streams") {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for sender in Sender.allCases {
                        group.addTask {
                            let text = try await fixture.read("/stream?from=now", as: sender) { text in
                                if text.contains("event: opened") { ready.arrive(sender.rawValue) }
                                return Self.hasAll("second", of: sender.sees)(text)
                            }
                            #expect(SightFixture.markers(in: text) == sender.sees, "\(sender)")
                            for marker in sender.sees {
                                #expect(text.ranges(of: "\"first \(marker.rawValue)\"").count == 1, "\(sender) \(marker)")
                            }
                        }
                    }
                    group.addTask {
                        await ready.wait()
                        try await Self.note("first", fixture)
                        try await Self.note("second", fixture)
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func aWorkflowThatBecomesPrivateLeavesEveryStream() async throws {
        try await SightFixture.with { fixture in
            let place = try #require(fixture.places[.amber])
            let ready = Countdown(3)
            try await within(.seconds(60), "the streams") {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (name, path, sender) in [
                        ("tenant", "/stream?from=now", Sender.rob), ("task", "/tasks/\(place.task)/stream?from=now", .rob),
                        ("all", "/stream?from=now", .root),
                    ] {
                        group.addTask {
                            let text = try await fixture.read(path, as: sender) { text in
                                if text.contains("event: opened") { ready.arrive(name) }
                                return text.contains("credentials_expired") || text.contains("\"after amber\"")
                            }
                            if sender == .root {
                                #expect(!text.contains("credentials_expired"))
                            } else {
                                #expect(text.contains("\"reason\":\"access\"") && !text.contains("after amber"), "\(name): \(text)")
                            }
                        }
                    }
                    group.addTask {
                        await ready.wait()
                        let changed = try await fixture.send(
                            .PATCH, "/workflows/flow-amber/versions/1.0.0", ["is_public": false] as JSON, as: .max)
                        #expect(changed.status == 200)
                        let noted = try await fixture.send(
                            .POST, "/tasks/\(place.task)/events", ["data": "after amber"] as JSON, as: .root)
                        #expect(noted.status == 202)
                    }
                    try await group.waitForAll()
                }
            }
            // A replay is judged by what is seen now, also of what was sent before.
            #expect(try await fixture.send(.GET, "/tasks/\(place.task)", as: .rob).status == 404)
            #expect(SightFixture.markers(in: try await fixture.send(.GET, "/tasks", as: .rob).text) == [.tundra])
            try await Self.note("last", fixture)
            let text = try await within(.seconds(20), "a replay") {
                try await fixture.read("/stream?from=earliest", as: .rob, until: Self.hasAll("last", of: [.tundra]))
            }
            #expect(SightFixture.markers(in: text) == [.tundra])
            let creators = try await within(.seconds(20), "the creator's replay") {
                try await fixture.read("/stream?from=earliest", as: .ann, until: Self.hasAll("last", of: [.amber, .tundra]))
            }
            #expect(creators.contains("\"after amber\""))
        }
    }
}

/// Lets a task wait until so many others have arrived.
private final class Countdown: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: String.self)
    private let count: Int

    init(_ count: Int) { self.count = count }

    /// Counts once for each name.
    func arrive(_ name: String) { continuation.yield(name) }

    func wait() async {
        var names: Set<String> = []
        for await name in stream {
            names.insert(name)
            if names.count == count { return }
        }
    }
}
