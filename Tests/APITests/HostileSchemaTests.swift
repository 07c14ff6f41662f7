import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

/// Schemas for which a small value would be endless work, as the input of a workflow and as the form of a question.
@Suite struct HostileSchemaTests {
    /// 2^30 ways through `allOf`, and a tree that grows by itself.
    private static let trials: [(schema: String, value: String)] = [
        (
            #"{"$defs":{"d30":{},"# + (0..<30).map { ##""d\##($0)":{"allOf":[{"$ref":"#/$defs/d\##($0 + 1)"},{"$ref":"#/$defs/d\##($0 + 1)"}]}"## }
                .joined(separator: ",") + ##"},"properties":{"x":{"$ref":"#/$defs/d0"}}}"##, #"{"x":"s"}"#
        ),
        (
            ##"{"$defs":{"n":{"type":"object","default":{},"properties":{"l":{"$ref":"#/$defs/n"},"r":{"$ref":"#/$defs/n"}}}},"##
                + ##""properties":{"t":{"$ref":"#/$defs/n"}}}"##, #"{"t":{}}"#
        ),
    ]

    @Test(arguments: trials)
    func aValueIsRefusedAndOthersGoOn(schema: String, value: String) async throws {
        try await APIFixture.with { api in
            let definition = #"{"name":"hostile","version":"1.0.0","input":\#(schema),"phases":[{"id":"go","kind":"signal"}]}"#
            #expect(try await api.send(.POST, "/api/v1/workflows", RawBody(stringLiteral: definition)).status == 201)
            let task = try await api.startTask()
            let question = UUIDv7.next()
            _ = try await api.client.query(
                """
                INSERT INTO pressroom.human_tasks (tenant_id, id, task_id, step_id, title, form_schema)
                VALUES ('default', \(question), \(task), pressroom.uuid_v7(), 'Look', \(schema)::json)
                """)
            let before = try await api.rowCounts()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let start = try await api.send(
                            .POST, "/api/v1/tasks", RawBody(stringLiteral: #"{"workflow":"hostile","input":\#(value)}"#))
                        #expect(start.status == 422 && start.isProblem, "\(start.text.prefix(300))")
                        let answer = try await api.send(
                            .POST, "/api/v1/human-tasks/\(question.text)/complete", RawBody(stringLiteral: #"{"data":\#(value)}"#))
                        #expect(answer.status == 422 && answer.isProblem, "\(answer.text.prefix(300))")
                    }
                }
                group.addTask {
                    for _ in 0..<20 {
                        let health = try await api.send(.GET, "/health/live")
                        #expect(health.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await api.rowCounts() == before)
            #expect(try await api.send(.GET, "/api/v1/human-tasks/\(question.text)").json["status"] == "pending")
        }
    }
}
