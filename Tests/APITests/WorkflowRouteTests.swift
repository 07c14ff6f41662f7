import API
import Base
import Foundation
import NIOHTTP1
import Testing
import Workflow

@Suite struct WorkflowRouteTests {
    @Test func publishingTwiceAnswersTheSameRow() async throws {
        try await APIFixture.with { api in
            let first = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let second = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            #expect(first.status == 201)
            #expect(first.headers["location"] == ["/api/v1/workflows/launch/versions/1.0.0"])
            #expect(second.status == 200)
            #expect(first.text == second.text)
            #expect(first.json["category"] == "marketing")
            #expect(first.json["tags"] == ["blog", "tests"])
            #expect(first.json["created_by"] == "local")
        }
    }

    @Test func theLatestIsBySemanticVersionAndActive() async throws {
        let ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0"]
        try await APIFixture.with { api in
            for version in ordered.shuffled() {
                #expect(try await api.send(.POST, "/api/v1/workflows", YAML.workflow(version: version)).status == 201)
            }
            #expect(try await api.send(.GET, "/api/v1/workflows/launch").json["version"] == "1.10.0")
            _ = try await api.send(.PATCH, "/api/v1/workflows/launch/versions/1.10.0", ["status": "inactive"] as JSON)
            #expect(try await api.send(.GET, "/api/v1/workflows/launch").json["version"] == "1.9.0")

            var versions: [String] = []
            var path: String? = "/api/v1/workflows/launch/versions?limit=3"
            while let next = path {
                let page = try await api.send(.GET, next)
                versions += page.items.compactMap { $0["version"]?.string }
                path = page.json["next"]?.string.map { "/api/v1/workflows/launch/versions?limit=3&after=\($0)" }
            }
            #expect(versions == ordered.reversed())
        }
    }

    @Test func anUnknownProviderIsRefusedWithTheNearestName() async throws {
        try await APIFixture.with(configure: { $0.grants.providers = ["openai": .everyone, "rehearsal": .everyone] }) { api in
            let before = try await api.rowCounts()
            let text = YAML.workflow().text.replacing("model: rehearsal/warm", with: "model: [rehearsal/warm, openia/gpt]")
                .replacing("model: rehearsal/judge", with: "model: local/judge")
            let answer = try await api.send(.POST, "/api/v1/workflows", YAML(text: text))
            #expect(answer.status == 422 && Set(answer.pointers) == ["/agents/ada/model", "/agents/warm/model/1"], "\(answer.text)")
            #expect(answer.text.contains("did you mean 'openai'?") && answer.text.contains("it has openai, rehearsal"))
            let checked = try await api.send(.POST, "/api/v1/workflows/validate", YAML(text: text))
            #expect(checked.status == 200 && checked.json["valid"] == false && checked.json["problems"]?.array?.count == 2, "\(checked.text)")
            #expect(try await api.rowCounts() == before)
            #expect(try await api.send(.POST, "/api/v1/workflows", YAML.workflow()).status == 201)
        }
        // A node that runs no steps does not know the providers of those that do.
        try await APIFixture.with(configure: { $0.grants.providers = nil }) { api in
            let text = YAML.workflow().text.replacing("rehearsal/", with: "nowhere/")
            let answer = try await api.send(.POST, "/api/v1/workflows", YAML(text: text))
            #expect(answer.status == 201)
        }
    }

    @Test func changesHonourTheEntityTag() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let path = "/api/v1/workflows/launch/versions/1.0.0"
            let tag = try #require(try await api.send(.GET, path).tag)
            #expect(try await api.send(.GET, path, headers: ["if-none-match": tag]).status == 304)
            let changed = try await api.send(
                .PATCH, path, ["category": nil, "tags": ["x"], "is_public": true] as JSON, headers: ["if-match": tag])
            #expect(changed.status == 200)
            #expect(changed.json["category"] == .null)
            #expect(changed.json["tags"] == ["x"])
            #expect(changed.json["is_public"] == true)
            #expect(try await api.send(.PATCH, path, ["category": "y"] as JSON, headers: ["if-match": tag]).status == 412)
            #expect(try await api.send(.GET, path).json["category"] == .null)
        }
    }

    @Test func aListIsNarrowed() async throws {
        try await APIFixture.with { api in
            for (name, category) in [("a", "x"), ("b", "x"), ("c", "y")] {
                _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(name: name, category: category))
            }
            func names(_ query: String) async throws -> [String] {
                try await api.send(.GET, "/api/v1/workflows?\(query)").items.compactMap { $0["name"]?.string }
            }
            #expect(try await names("") == ["c", "b", "a"])
            #expect(try await names("category=x") == ["b", "a"])
            #expect(try await names("name=b&tag=blog&status=active") == ["b"])
            #expect(try await names("tag=none") == [])
        }
    }

    @Test func validationFindsEverythingAndChangesNothing() async throws {
        try await APIFixture.with { api in
            let broken = YAML(text: YAML.workflow().text.replacing("[warm]", with: "[nobody]") + "\nunknown: 1\n")
            let answer = try await api.send(.POST, "/api/v1/workflows/validate", broken)
            #expect(answer.status == 200)
            #expect(answer.json["valid"] == false)
            let problems = answer.json["problems"]?.array ?? []
            #expect(Set(problems.compactMap { $0["pointer"]?.string }) == ["/phases/0/agents/0", "/unknown"])
            #expect(problems.allSatisfy { $0["line"]?.int != nil })
            #expect(try await api.send(.POST, "/api/v1/workflows/validate", YAML.workflow()).json["valid"] == true)
            #expect(try await api.rowCounts()["workflows"] == 0)
        }
    }

    @Test func expressionsAreCheckedByTheDatabase() async throws {
        try await APIFixture.with { api in
            let text = """
                name: expressions
                version: 1.0.0
                phases:
                  - {id: first, kind: transform, expression: "$.input.topic"}
                  - {id: second, kind: transform, expression: "1",
                     when: "$.phases.frist == "}
                  - {id: third, kind: transform, expression: "$.phases.frist"}
                """
            let answer = try await api.send(.POST, "/api/v1/workflows/validate", YAML(text: text))
            #expect(answer.json["valid"] == false)
            let problems = answer.json["problems"]?.array ?? []
            #expect(problems.map { $0["pointer"] } == ["/phases/1/when", "/phases/2/expression"])
            #expect(problems.map { $0["line"] } == [6, 7])
            #expect(problems.last?["detail"]?.string?.contains("did you mean 'first'?") == true)
            let refused = try await api.send(.POST, "/api/v1/workflows", YAML(text: text))
            #expect(refused.status == 422)
            #expect(refused.json["errors"]?.array?.map { $0["pointer"] } == ["/phases/1/when", "/phases/2/expression"])
            #expect(try await api.rowCounts()["workflows"] == 0)
            let mended = text.replacing("$.phases.frist == ", with: "$.phases.first == 1").replacing("frist", with: "first")
            #expect(try await api.send(.POST, "/api/v1/workflows", YAML(text: mended)).status == 201)
        }
    }

    @Test func theGraphIsColouredByATask() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask().uuidString
            let plain = try await api.send(.GET, "/api/v1/workflows/launch/graph")
            #expect(plain.headers["content-type"] == ["text/plain; charset=utf-8"])
            #expect(plain.text.hasPrefix("flowchart TD\n"))
            #expect(plain.text.contains("p0 --> p1") && plain.text.contains("p1 --> p2"))
            #expect(!plain.text.contains("classDef"))
            let coloured = try await api.send(.GET, "/api/v1/workflows/launch/graph?task_id=\(task)")
            #expect(coloured.text.contains("p0[\"write (write)\"]:::pending"))
        }
    }
}
