import Base
import Broadcast
import Foundation
import Logging
import NIOHTTP1
import Postgres
import Testing
import Workflow

/// What an author gave comes back in the author's order, with every digit and every key.
@Suite struct OrderTests {
    /// In no order of the alphabet or of length; with numbers beyond 64 bits, and keys that differ in normalisation only.
    private static let input =
        #"{"zone":{"y":1,"b":[{"z":18446744073709551615,"a":-9223372036854775809}]},"topic":"tea","#
        + #""a_long_name":123456789012345678901234567890,"by":9007199254740993,"caf\#u{E9}":1,"cafe\#u{301}":2}"#
    /// With the defaults of the schema, in the schema's order.
    private static let completed = String(input.dropLast()) + #","tone":"warm","again":{"z":1,"a":[{"y":2,"b":3}]}}"#
    private static let definition =
        #"{"version":"1.0.0","phases":[{"kind":"signal","id":"go"}],"name":"ordered","input":{"type":"object","#
        + #""required":["zone","caf\#u{E9}"],"properties":{"zone":{"type":"object"},"topic":{"type":"string"},"a_long_name":{},"by":{},"#
        + #""tone":{"type":"string","default":"warm"},"again":{"default":{"z":1,"a":[{"y":2,"b":3}]}},"caf\#u{E9}":{"const":1},"#
        + #""cafe\#u{301}":{"const":2,"description":"18446744073709551615"}},"additionalProperties":false}}"#

    @Test func aDefinitionAndAnInputComeBackAsTheyWereGiven() async throws {
        try await APIFixture.with { api in
            let published = try await api.send(.POST, "/api/v1/workflows", RawBody(stringLiteral: Self.definition))
            #expect(published.status == 201, "\(published.text)")
            for answer in [
                published, try await api.send(.GET, "/api/v1/workflows/ordered"),
                try await api.send(.GET, "/api/v1/workflows/ordered/versions/1.0.0"), try await api.send(.GET, "/api/v1/workflows"),
            ] {
                #expect(answer.holds(#""definition":\#(Self.definition)"#), "\(answer.text)")
            }

            let started = try await api.send(
                .POST, "/api/v1/tasks",
                RawBody(stringLiteral: #"{"workflow":"ordered","input":\#(Self.input),"config":\#(Self.input)}"#))
            #expect(started.status == 202, "\(started.text)")
            let path = "/api/v1/tasks/\(try #require(started.json["task_id"]?.string))"
            let fork = try await api.send(.POST, path + "/fork", ["phase": "go"] as JSON)
            for answer in [
                started, try await api.send(.GET, path), try await api.send(.GET, path + "/state"),
                try await api.send(.GET, "/api/v1/tasks?workflow=ordered"), fork,
            ] {
                #expect(answer.holds(#""input":\#(Self.completed)"#), "\(answer.text)")
                #expect(answer.holds(#""config":\#(Self.input)"#), "\(answer.text)")
            }

            let event = try await api.send(.POST, path + "/events", RawBody(stringLiteral: #"{"data":\#(Self.input)}"#))
            #expect(event.status == 202)
            // A task that is over has a stream with an end.
            #expect(try await api.send(.POST, path + "/cancel").status == 200)
            let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
            let tailer = Tailer(store: api.store, feed: api.feed, configuration: TailerConfiguration(), logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await tailer.run() }
                for (query, events) in [("", ["state"]), ("?from=earliest", ["task_updated", "custom"])] {
                    let stream = try await api.send(.GET, path + "/stream" + query, headers: ["accept": "text/event-stream"])
                    let blocks = stream.text.components(separatedBy: "\n\n")
                    for event in events {
                        let block = try #require(blocks.first { $0.contains("event: \(event)\n") }, "\(event) of \(stream.text)")
                        #expect(block.holds(event == "custom" ? Self.input : Self.completed), "\(block)")
                    }
                }
                group.cancelAll()
            }
        }
    }

    @Test func whatWaitsForItsUseKeepsItsOrder() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", RawBody(stringLiteral: Self.definition))
            let schedule = try await api.send(
                .POST, "/api/v1/schedules",
                RawBody(stringLiteral: #"{"workflow":"ordered","cron":"0 0 1 1 *","input":\#(Self.input),"config":\#(Self.input)}"#))
            #expect(schedule.status == 201, "\(schedule.text)")
            let path = try #require(schedule.headers.first(name: "location"))
            for answer in [schedule, try await api.send(.GET, path)] {
                #expect(answer.holds(#""input":\#(Self.input),"config":\#(Self.input)"#), "\(answer.text)")
            }
            let started = try await api.send(
                .POST, "/api/v1/tasks", RawBody(stringLiteral: #"{"workflow":"ordered","input":\#(Self.input)}"#))
            let task = try #require(started.json["task_id"]?.string)
            let signal = try await api.send(
                .POST, "/api/v1/tasks/\(task)/signals/go", RawBody(stringLiteral: #"{"data":\#(Self.input)}"#))
            #expect(signal.status == 202, "\(signal.text)")
            let kept: String = try await api.client.query("SELECT data::text AS data FROM pressroom.signals")[0].decode("data")
            #expect(kept.hasSameCodePoints(as: Self.input))
        }
    }

    /// Another order of members is shown as the author of the published version gave it.
    @Test func theSameDefinitionInAnotherOrderIsPublishedOnce() async throws {
        try await APIFixture.with { api in
            let first = try await api.send(.POST, "/api/v1/workflows", RawBody(stringLiteral: Self.definition))
            var members = try #require(try JSON(parsing: Self.definition).object)
            let name = members.removeValue(forKey: "name")
            members["name"] = name
            let again = try await api.send(.POST, "/api/v1/workflows", JSON.object(members))
            #expect(again.status == 200 && again.text.hasSameCodePoints(as: first.text))
            members["input"] = true
            #expect(try await api.send(.POST, "/api/v1/workflows", JSON.object(members)).status == 409)
        }
    }

    @Test func keysThatDifferInNormalisationAreTwoKeys() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", RawBody(stringLiteral: Self.definition))
            let wrong = try await api.send(
                .POST, "/api/v1/tasks",
                RawBody(stringLiteral: #"{"workflow":"ordered","input":{"zone":{},"cafe\#u{301}":1}}"#))
            #expect(wrong.status == 422)
            let pointers = wrong.pointers.map { ExactString($0) }
            #expect(
                Set(pointers) == [ExactString("/input/caf\u{E9}"), ExactString("/input/cafe\u{301}")], "\(wrong.text)")
        }
    }

    /// What the service could not read does not get into the tables, whichever client writes it.
    @Test(arguments: [#"{"a":[{"b":"\u0000"}]}"#, #"{"a\u0000":1}"#, #"{"a":"\ud800"}"#, #"{"a":1"#])
    func rowsByHandHoldNothingUnreadable(text: String) async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let before = try await api.send(.GET, "/api/v1/tasks/\(task.text)/state").text
            for query: PostgresQuery in [
                "UPDATE pressroom.tasks SET input = \(text)::json", "UPDATE pressroom.phases SET output = \(text)::json",
                """
                INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
                VALUES ('default', 'other', '1.0.0', '1', \(text)::json)
                """,
                "INSERT INTO pressroom.signals (tenant_id, task_id, name, data) VALUES ('default', \(task), 'go', \(text)::json)",
                """
                INSERT INTO pressroom.schedules (tenant_id, workflow_name, cron, context, created_by, input)
                VALUES ('default', 'launch', '0 0 1 1 *', '{}', 'psql', \(text)::json)
                """,
            ] {
                let error = await #expect(throws: PostgresError.self) { _ = try await api.client.query(query) }
                #expect(["22P05", "22P02"].contains(error?.sqlState), "\(String(describing: error))")
            }
            #expect(try await api.send(.GET, "/api/v1/tasks/\(task.text)/state").text == before)
        }
    }
}

extension Answer {
    /// Whether the body has these code points one after the other.
    fileprivate func holds(_ part: String) -> Bool { text.holds(part) }
}

extension String {
    fileprivate func holds(_ part: String) -> Bool { Array(utf8).firstRange(of: Array(part.utf8)) != nil }
}
