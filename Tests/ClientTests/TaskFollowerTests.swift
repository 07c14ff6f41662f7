import Base
import Client
import TestSupport
import Testing
import Workflow

@Suite("Task follower", .limit(minutes: 2))
struct TaskFollowerTests {
    private static let policy = ReconnectPolicy(initial: .milliseconds(1), max: .milliseconds(2), jitter: 0)

    private func frame(_ name: String, id: String, _ members: JSONObject) -> String {
        let data = JSON.object(members.merging(["task_id": .string(Samples.taskID)]) { own, _ in own })
        return "id: \(id)\nevent: \(name)\ndata: \(data.text)\n\n"
    }

    private func follow(_ scripts: [ScriptedServer.Script]) async throws -> (states: [JSON], requests: [ScriptedServer.Request]) {
        try await ScriptedServer.withServer { server in
            for script in scripts { server.enqueue(script) }
            let states = try await PressroomClient.withClient(baseURL: "http://127.0.0.1:\(server.port)") { client in
                var states: [JSON] = []
                for try await element in client.follow(Samples.taskID, policy: Self.policy) {
                    states.append(element.state.document.json)
                }
                return states
            }
            return (states, server.requests)
        }
    }

    @Test("Restores, follows from the cursor over a broken connection, and ends with the task")
    func follows() async throws {
        let first = frame("output_updated", id: "k.11", ["output": Samples.output("o1", status: "approved", version: 1)])
        let last = frame("task_updated", id: "k.12", ["task": Samples.task(status: "completed", progress: 1)])
        let end = "id: k.12\nevent: end\ndata: {\"status\":\"completed\"}\n\n"
        let (states, requests) = try await follow([
            .status(200, body: Samples.state().text),
            .init { _, reply in
                try await reply.start()
                try await reply.send("retry: 1\nid: k.10\n\n" + first + last.prefix(last.count / 2))
                try await reply.cut()
            },
            .stream(last + end),
        ])
        #expect(states.map { $0["cursor"]?.string } == ["k.10", "k.11", "k.12"])
        #expect(states.last?["status"] == "completed")
        #expect(states.last?["outputs"]?[0]?["status"] == "approved")
        #expect(requests.map(\.path) == [
            "/api/v1/tasks/\(Samples.taskID)/state", "/api/v1/tasks/\(Samples.taskID)/stream",
            "/api/v1/tasks/\(Samples.taskID)/stream",
        ])
        #expect(requests.map { $0.headers["last-event-id"] } == [nil, "k.10", "k.11"])
    }

    @Test("A reset begins anew from the state that comes with it")
    func reset() async throws {
        let (states, _) = try await follow([
            .status(200, body: Samples.state().text),
            .stream(
                "event: reset\ndata: {\"reason\":\"expired\",\"cursor\":\"m.5\"}\n\n"
                    + "id: m.5\nevent: state\ndata: \(Samples.state(at: "m.5").text)\n\n"
                    + "id: m.5\nevent: end\ndata: {\"status\":\"completed\"}\n\n"),
        ])
        #expect(states == [Samples.state(), Samples.state(at: "m.5")])
    }

    @Test("A task that is over ends at once")
    func over() async throws {
        let (states, _) = try await follow([.status(200, body: Samples.state().text), .status(204)])
        #expect(states.count == 1)
    }

    @Test("A task that does not exist is the service's error")
    func missing() async throws {
        let error = await #expect(throws: PressroomError.self) {
            _ = try await follow([.status(404, body: #"{"title":"Not found","status":404}"#)])
        }
        #expect(error?.status == 404)
    }

    @Test("A stream that is refused is the service's error")
    func refused() async throws {
        let error = await #expect(throws: PressroomError.self) {
            _ = try await follow([
                .status(200, body: Samples.state().text), .status(401, body: #"{"title":"Not authenticated"}"#),
            ])
        }
        #expect(error?.status == 401)
        #expect(error?.title == "Not authenticated")
    }
}
