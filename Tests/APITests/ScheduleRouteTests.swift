import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@Suite struct ScheduleRouteTests {
    private static let body: JSON = [
        "workflow": "launch", "cron": "30 2 * * *", "timezone": "Europe/Berlin", "input": ["topic": "tea"],
    ]

    private static func with(_ changes: JSON) -> JSON {
        .object((body.object ?? [:]).merging(changes.object ?? [:]) { $1 })
    }

    private func add(_ api: APIFixture, _ changes: JSON = [:]) async throws -> (path: String, answer: Answer) {
        let answer = try await api.send(.POST, "/api/v1/schedules", Self.with(changes))
        #expect(answer.status == 201, "\(answer.text)")
        return (answer.headers.first(name: "location") ?? "", answer)
    }

    @Test func addReadListRemove() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let (path, added) = try await add(api)
            let row = added.json
            #expect(path == "/api/v1/schedules/\(row["id"]?.string ?? "")")
            #expect(added.tag == "\"1\"")
            #expect(row["workflow_name"] == "launch" && row["workflow_version"] == .null)
            #expect(row["misfire"] == "run_once" && row["enabled"] == true && row["priority"] == 0)
            // As it was given; defaults are filled in when it fires.
            #expect(row["input"] == ["topic": "tea"])
            #expect(
                row["context"]
                    == ["tenant_id": "default", "user_id": "local", "conversation_id": nil, "metadata": [:]])
            #expect(row["created_by"] == "local" && row["last_error"] == .null && row["last_run_at"] == .null)
            #expect(["00:30:00.000000Z", "01:30:00.000000Z"].contains { row["next_run_at"]?.string?.hasSuffix($0) == true })
            let planned = try await api.client.query(
                "SELECT next_run_at > now() AND next_run_at <= now() + interval '25 hours' AS soon FROM pressroom.schedules")
            #expect(try planned[0].decode("soon", as: Bool.self))

            let read = try await api.send(.GET, path)
            #expect(read.text == added.text && read.tag == "\"1\"")
            #expect(try await api.send(.GET, path, headers: ["if-none-match": "\"1\""]).status == 304)

            let other = try await add(api, ["workflow": "launch", "version": "1.0.0", "cron": "@daily", "timezone": nil, "enabled": false])
            #expect(other.answer.json["next_run_at"] == .null && other.answer.json["timezone"] == "UTC")
            #expect(other.answer.json["workflow_version"] == "1.0.0" && other.answer.json["cron"] == "@daily")
            let all = try await api.send(.GET, "/api/v1/schedules?limit=1")
            #expect(all.items == [other.answer.json])
            let next = try #require(all.json["next"]?.string)
            let second = try await api.send(.GET, "/api/v1/schedules?limit=1&after=\(next)")
            #expect(second.items == [row] && second.json["next"] == .null)
            #expect(try await api.send(.GET, "/api/v1/schedules?enabled=false").items == [other.answer.json])
            #expect(try await api.send(.GET, "/api/v1/schedules?workflow=nobody").items == [])
            #expect(try await api.send(.GET, "/api/v1/schedules?workflow=launch&enabled=true").items == [row])

            #expect(try await api.send(.DELETE, path, headers: ["if-match": "\"2\""]).status == 412)
            #expect(try await api.send(.DELETE, path, headers: ["if-match": "\"1\""]).status == 204)
            #expect(try await api.send(.GET, path).status == 404)
            #expect(try await api.send(.DELETE, path).status == 404)
        }
    }

    @Test func changes() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(name: "other"))
            let (path, added) = try await add(api, ["context": ["conversation_id": "c", "metadata": ["a": 1]], "version": "1.0.0"])
            func patch(_ body: JSON, _ headers: [String: String] = [:]) async throws -> JSON {
                let answer = try await api.send(.PATCH, path, body, headers: headers)
                #expect(answer.status == 200, "\(answer.text)")
                #expect(answer.tag == "\"\(answer.json["version"]?.int ?? 0)\"")
                return answer.json
            }
            // Only what is given changes.
            var row = try await patch(["priority": 5], ["if-match": "\"1\""])
            #expect(row["priority"] == 5 && row["version"] == 2)
            for key in ["cron", "next_run_at", "input", "context", "workflow_version", "timezone"] {
                #expect(row[key] == added.json[key], "\(key)")
            }
            #expect(try await api.send(.PATCH, path, ["priority": 6] as JSON, headers: ["if-match": "\"1\""]).status == 412)
            // A new time is planned anew.
            row = try await patch(["cron": "0 5 1 1 *", "timezone": "UTC", "misfire": "skip"])
            #expect(row["next_run_at"]?.string?.hasSuffix("-01-01T05:00:00.000000Z") == true)
            #expect(row["misfire"] == "skip")
            row = try await patch(["enabled": false])
            #expect(row["next_run_at"] == .null)
            row = try await patch(["enabled": true])
            #expect(row["next_run_at"]?.string?.hasSuffix("-01-01T05:00:00.000000Z") == true)
            // The pin goes with its workflow, and with null.
            row = try await patch(["workflow": "other"])
            #expect(row["workflow_name"] == "other" && row["workflow_version"] == .null)
            row = try await patch(["version": "1.0.0"])
            #expect(row["workflow_version"] == "1.0.0")
            row = try await patch(["version": nil, "input": ["topic": "coffee"], "config": ["x": 1]])
            #expect(row["workflow_version"] == .null && row["input"] == ["topic": "coffee"] && row["config"] == ["x": 1])
            // The context is replaced as a whole; whose it is stays.
            row = try await patch(["context": ["metadata": ["b": 2]]])
            #expect(
                row["context"]
                    == ["tenant_id": "default", "user_id": "local", "conversation_id": nil, "metadata": ["b": 2]])
            row = try await patch([:])
            #expect(row["version"] == 10)
        }
    }

    @Test func aChangeForgetsTheErrorAndWinsAgainstAFiring() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let (path, _) = try await add(api)
            _ = try await api.client.query(
                "UPDATE pressroom.schedules SET next_run_at = NULL, last_error = '{\"code\": \"invalid_schedule\"}'")
            let answer = try await api.send(.PATCH, path, ["priority": 1] as JSON)
            #expect(answer.json["last_error"] == .null)
            // Without If-Match a change goes through, however often the row moves under it.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<60 {
                        _ = try await api.client.query("UPDATE pressroom.schedules SET last_run_at = now()")
                    }
                }
                for number in 0..<10 {
                    group.addTask {
                        let answer = try await api.send(.PATCH, path, ["config": ["key\(number)": 1]] as JSON)
                        #expect([200, 409].contains(answer.status), "\(answer.text)")
                    }
                }
                try await group.waitForAll()
            }
            // Nothing was lost that was not replaced.
            let row = try await api.send(.GET, path).json
            #expect(row["priority"] == 1 && row["last_run_at"]?.string != nil)
            _ = try await api.client.query("UPDATE pressroom.schedules SET context = '{}'")
            #expect(try await api.send(.PATCH, path, ["priority": 2] as JSON).status == 409)
            #expect(try await api.send(.GET, path).status == 200)
        }
    }

    @Test func anIdempotencyKeyAddsOne() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let headers = ["idempotency-key": "k"]
            let first = try await api.send(.POST, "/api/v1/schedules", Self.body, headers: headers)
            _ = try await api.send(.PATCH, "/api/v1/workflows/launch/versions/1.0.0", ["status": "archived"] as JSON)
            let second = try await api.send(.POST, "/api/v1/schedules", Self.body, headers: headers)
            #expect(first.status == 201 && second.status == 201 && first.text == second.text)
            #expect(second.headers["idempotency-replayed"] == ["true"])
            #expect(try await api.send(.POST, "/api/v1/schedules", Self.with(["priority": 1]), headers: headers).status == 422)
            #expect(try await api.send(.GET, "/api/v1/schedules").items.count == 1)
        }
    }

    struct BadBody: Sendable, CustomTestStringConvertible {
        let changes: JSON
        let pointers: [String]
        var text = ""
        var testDescription: String { changes.text }
    }

    static let badBodies: [BadBody] = [
        .init(changes: ["workflow": nil, "cron": nil], pointers: ["/workflow", "/cron"], text: "is required"),
        .init(changes: ["cron": "0 24 * * *"], pointers: ["/cron"],
              text: "is wrong in the hour, at character 3: must be from 0 to 23, not 24"),
        .init(changes: ["cron": "0 0 30 2 *"], pointers: ["/cron"], text: "names no day that its months have"),
        .init(changes: ["cron": "", "timezone": ""], pointers: ["/cron", "/timezone"], text: "must not be empty"),
        .init(changes: ["cron": 5], pointers: ["/cron"], text: "must be a string, not an integer"),
        .init(changes: ["cron": "* * * *", "timezone": "CEST"], pointers: ["/cron", "/timezone"],
              text: "must be the name of a time zone, such as Europe/Berlin or UTC"),
        .init(changes: ["misfire": "always", "enabled": "yes", "priority": 1_001], pointers: ["/misfire", "/enabled", "/priority"]),
        .init(changes: ["input": [], "config": 1, "context": ["trace_id": "a", "metadata": 3]],
              pointers: ["/input", "/config", "/context/metadata", "/context/trace_id"]),
        .init(changes: ["next_run_at": "2026-01-01T00:00:00Z", "run_at": nil], pointers: ["/next_run_at", "/run_at"], text: "is not a known key"),
        .init(changes: ["timezon": "UTC"], pointers: ["/timezon"], text: "is not a known key; did you mean 'timezone'?"),
        .init(changes: ["workflow": "nobody"], pointers: ["/workflow"]),
        .init(changes: ["version": "9.9.9"], pointers: ["/version"]),
        .init(changes: ["version": "0.1.0"], pointers: ["/version"], text: "is archived and cannot be started"),
        .init(changes: ["input": ["topic": ""]], pointers: ["/input/topic"]),
        .init(changes: ["input": ["tone": "warm"]], pointers: ["/input/topic", "/input/tone"]),
    ]

    @Test func badBodiesAreNamedAndChangeNothing() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(version: "0.1.0"))
            _ = try await api.send(.PATCH, "/api/v1/workflows/launch/versions/0.1.0", ["status": "archived"] as JSON)
            let (path, _) = try await add(api)
            let before = try await api.send(.GET, "/api/v1/schedules").text
            for bad in Self.badBodies {
                let answer = try await api.send(.POST, "/api/v1/schedules", Self.with(bad.changes))
                #expect(answer.status == 422 && answer.isProblem, "\(bad.testDescription): \(answer.text)")
                #expect(Set(answer.pointers) == Set(bad.pointers), "\(bad.testDescription): \(answer.text)")
                #expect(bad.text.isEmpty || answer.text.contains(bad.text), "\(bad.testDescription): \(answer.text)")
                if bad.changes["cron"] != .null {
                    let change = try await api.send(.PATCH, path, bad.changes)
                    #expect(change.status == 422, "\(bad.testDescription): \(change.text)")
                    #expect(Set(change.pointers) == Set(bad.pointers), "\(bad.testDescription): \(change.text)")
                }
            }
            #expect(try await api.send(.GET, "/api/v1/schedules/7").pointers == ["/path/id"])
            #expect(try await api.send(.GET, "/api/v1/schedules?enabled=1&workflows=x").pointers == ["/query/enabled", "/query/workflows"])
            #expect(try await api.send(.PATCH, path, ["priority": 1] as JSON, headers: ["if-match": "1"]).status == 400)
            #expect(try await api.send(.POST, "/api/v1/schedules", "{" as RawBody).status == 400)
            #expect(try await api.send(.PUT, path, Self.body).headers["allow"] == ["GET, HEAD, PATCH, DELETE"])
            #expect(try await api.send(.PATCH, "/api/v1/schedules/00000000-0000-7000-8000-000000000000", JSON.object([:])).status == 404)
            #expect(try await api.send(.GET, "/api/v1/schedules").text == before)
        }
    }
}
