import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct TaskRouteTests {
    @Test func aStartCompletesTheContext() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let body: JSON = [
                "workflow": "launch", "input": ["topic": "tea"], "priority": 5, "config": ["a": [1, 2.5]],
                "run_at": "2030-01-31T14:00:00+02:00",
                "context": ["conversation_id": "c1", "metadata": ["k": "v"]],
            ]
            let answer = try await api.send(
                .POST, "/api/v1/tasks", body,
                headers: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
            #expect(answer.status == 202)
            let task = answer.json
            let id = try #require(task["task_id"]?.string)
            #expect(answer.headers["location"] == ["/api/v1/tasks/\(id)"])
            #expect(task["status"] == "pending")
            #expect(task["input"] == ["topic": "tea", "audience": "developers"])
            #expect(task["config"] == ["a": [1, 2.5]])
            #expect(task["run_at"] == "2030-01-31T12:00:00.000000Z")
            #expect(
                task["context"]
                    == [
                        "tenant_id": "default", "user_id": "local", "conversation_id": "c1", "task_id": .string(id),
                        "trace_id": "0af7651916cd43dd8448eb211c80319c", "metadata": ["k": "v"],
                    ])
            let late = try await api.send(
                .POST, "/api/v1/tasks",
                ["workflow": "launch", "input": ["topic": "tea"], "run_at": "9999-12-31T23:59:59.999999Z"] as JSON)
            #expect(late.status == 202 && late.json["run_at"] == "9999-12-31T23:59:59.999999Z", "\(late.text)")
            let other = try await api.send(.POST, "/api/v1/tasks", ["workflow": "launch", "input": ["topic": "x"]] as JSON)
            #expect(other.json["context"]?["trace_id"]?.string?.count == 32)
        }
    }

    @Test func pagesShowEveryTaskOnceNewestFirst() async throws {
        try await APIFixture.with { api in
            var started: [String] = []
            for _ in 0..<23 { started.append(try await api.startTask().text) }
            var seen: [String] = []
            var path: String? = "/api/v1/tasks?limit=5"
            while let next = path {
                let page = try await api.send(.GET, next)
                #expect(page.items.count <= 5)
                seen += page.items.compactMap { $0["task_id"]?.string }
                // New tasks do not move the pages that are left to read.
                _ = try await api.startTask()
                path = page.json["next"]?.string.map { "/api/v1/tasks?limit=5&after=\($0)" }
            }
            #expect(seen == started.reversed())
        }
    }

    @Test func everyFilterNarrows() async throws {
        try await APIFixture.with { api in
            let tea = try await api.startTask(["topic": "Green Tea"])
            let coffee = try await api.startTask(["topic": "coffee"])
            _ = try await api.send(.POST, "/api/v1/tasks/\(coffee.uuidString)/pause")
            _ = try await api.send(
                .POST, "/api/v1/tasks",
                ["workflow": "launch", "input": ["topic": "milk"], "context": ["conversation_id": "c", "user_id": "u"]] as JSON)
            func topics(_ query: String) async throws -> [String] {
                try await api.send(.GET, "/api/v1/tasks?\(query)").items.compactMap { $0["input"]?["topic"]?.string }
            }
            #expect(try await topics("") == ["milk", "coffee", "Green Tea"])
            #expect(try await topics("status=paused") == ["coffee"])
            #expect(try await topics("status=paused,pending") == ["milk", "coffee", "Green Tea"])
            #expect(try await topics("conversation_id=c") == ["milk"])
            #expect(try await topics("user_id=u&workflow=launch") == ["milk"])
            #expect(try await topics("q=green+tea") == ["Green Tea"])
            #expect(try await topics("q=LAUNCH&limit=2") == ["milk", "coffee"])
            #expect(try await topics("since=2999-01-01T00:00:00Z") == [])
            #expect(try await topics("until=2999-01-01T00:00:00Z&status=pending&q=e&conversation_id=c&user_id=u") == ["milk"])
            #expect(try await topics("workspace_id=\(tea.uuidString)") == [])
            #expect(try await topics("parent_task_id=\(tea.uuidString)") == [])
        }
    }

    @Test func searchLooksAtValues() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(
                .POST, "/api/v1/workflows",
                YAML(text: "name: any\nversion: 1.0.0\nphases: [{id: go, kind: signal, name: go}]"))
            let inputs: [JSON] = [
                ["t": "5\" screen"], ["t": "line\nbreak"], ["t": "back\\slash"], ["t": "\u{C9}cole"], ["t": "e\u{301}cole"],
                ["deep": ["list": [["price": 41.5], true, .null]]], ["\u{E9}": "key"], ["t": "Stra\u{DF}e \u{43F}\u{440}\u{438}\u{432}\u{435}\u{442}"],
            ]
            for input in inputs {
                let started = try await api.send(.POST, "/api/v1/tasks", ["workflow": "any", "input": input] as JSON)
                #expect(started.status == 202, "\(started.text)")
            }
            let cases: [(text: String, found: [Int])] = [
                ("5\" screen", [0]), ("t", [7]), ("list", []), ("\"", [0]), ("{", []), ("line\nbreak", [1]), ("line", [1]),
                ("\\", [2]), ("k\\s", [2]), ("\u{C9}", [0, 1, 3, 4, 6, 7]), ("\u{E9}cole", [3, 4]), ("E\u{301}COLE", [3, 4]),
                ("ecole", [3, 4]), ("41.5", [5]), ("41", [5]), ("true", []), ("null", []), ("key", [6]),
                ("STRA\u{DF}E", [7]), ("\u{41F}\u{420}\u{418}", [7]), ("ANY", Array(0..<8)),
            ]
            for (text, found) in cases {
                let query = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                let answer = try await api.send(.GET, "/api/v1/tasks?q=\(query)")
                let items = answer.items.map { $0["input"] ?? .null }
                #expect(items.count == found.count && Set(items) == Set(found.map { inputs[$0] }), "\(text): \(answer.text)")
            }
        }
    }

    @Test func aSignalThatNoPhaseWaitsForIsRefused() async throws {
        try await APIFixture.with { api in
            let two = "name: two\nversion: 1.0.0\nphases: [{id: go, kind: signal, name: approved}, {id: stop, kind: signal}]"
            _ = try await api.send(.POST, "/api/v1/workflows", YAML(text: two))
            let task = try #require(try await api.send(.POST, "/api/v1/tasks", ["workflow": "two"] as JSON).json["task_id"]?.string)
            let path = "/api/v1/tasks/\(task)/signals"
            let before = try await api.rowCounts()
            for name in ["nosuch", "go", "Approved", "approve%CC%81d"] {
                let answer = try await api.send(.POST, "\(path)/\(name)", ["data": 1] as JSON)
                #expect(answer.status == 422 && answer.pointers == ["/path/name"], "\(answer.text)")
                #expect(answer.text.contains("it waits for: approved, stop"), "\(answer.text)")
            }
            // A refusal is not what a repetition of the request gets.
            let key = ["idempotency-key": "k"]
            #expect(try await api.send(.POST, path + "/nosuch", ["data": 1] as JSON, headers: key).status == 422)
            #expect(try await api.rowCounts() == before)
            #expect(try await api.send(.POST, path + "/approved", ["data": 1] as JSON, headers: key).status == 202)
            // A phase further on may wait for it later.
            #expect(try await api.send(.POST, path + "/stop").status == 202)
            #expect(try await api.rowCounts()["signals"] == 2)

            let other = try await api.startTask()
            let none = try await api.send(.POST, "/api/v1/tasks/\(other.text)/signals/go")
            #expect(none.status == 422 && none.text.contains("it waits for none"), "\(none.text)")
        }
    }

    @Test func transitionsHonourTheVersion() async throws {
        try await APIFixture.with { api in
            let path = "/api/v1/tasks/\(try await api.startTask().uuidString)"
            let tag = try #require(try await api.send(.GET, path).tag)
            #expect(try await api.send(.GET, path, headers: ["if-none-match": tag]).status == 304)
            let paused = try await api.send(.POST, path + "/pause", headers: ["if-match": tag])
            #expect(paused.status == 200)
            #expect(paused.json["status"] == "paused")
            #expect(paused.tag != tag)
            #expect(try await api.send(.POST, path + "/resume", headers: ["if-match": tag]).status == 412)
            #expect(try await api.send(.POST, path + "/resume", JSON.object([:]), headers: ["if-match": "*"]).status == 200)
            #expect(try await api.send(.GET, path, headers: ["if-none-match": tag]).status == 200)
        }
    }

    @Test func deletingTakesEverythingAlong() async throws {
        try await APIFixture.with { api in
            let other = try await api.startTask()
            let before = try await api.rowCounts()
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client)
            let path = "/api/v1/tasks/\(task.uuidString)"
            _ = try await api.send(.POST, path + "/events", ["data": 1] as JSON)
            _ = try await api.client.query(
                "INSERT INTO pressroom.signals (tenant_id, task_id, name, data) VALUES ('default', \(task), 'go', '1')")
            #expect(try await api.send(.POST, path + "/cancel").status == 200)
            #expect(try await api.send(.DELETE, path).status == 204)
            #expect(try await api.send(.GET, path).status == 404)
            #expect(try await api.rowCounts() == before)
            for table in ["outputs", "output_versions", "evaluations", "rankings", "logs", "live_texts"] {
                #expect(try await api.client.query("SELECT 1 FROM pressroom.\(identifier: table)").isEmpty)
            }
            #expect(try await api.send(.GET, "/api/v1/tasks/\(other.uuidString)").status == 200)
        }
    }
}
