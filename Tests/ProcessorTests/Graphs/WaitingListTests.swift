import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

/// `for_each`, `repeat` and `concurrency` of kinds that ask a server or a person, or that wait.
@Suite("Lists and cycles of requests, questions and waits", .limit(minutes: 3))
struct WaitingListTests {
    private static let input: JSON = ["list": ["a", "b", "c", "d", "e"]]

    private static func list(_ attributes: String) -> String {
        """
        name: list
        version: 1.0.0
        agents:
          ada: {role: writer, model: test/m}
        phases:
          - {id: each, retry: {max_attempts: 1}, for_each: "$.input.list", \(attributes)}
        """
    }

    private func withBench(
        _ yaml: String, _ web: @escaping @Sendable (WebRequest) -> WebResponse = { _ in WebResponse(status: 200) },
        _ body: (Workbench) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let model = ScriptedModel { $0.soundAnswer }
            let services = StepServices(
                models: { _ in model }, web: ScriptedWebClient { request throws(ProviderError) in web(request) })
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(try await Workbench(newsroom, yaml, input: Self.input, runner: runner))
        }
    }

    @Test("A person is asked about each element, no more at once than allowed; the answers are in the order of the list")
    func questions() async throws {
        try await withBench(Self.list(#"kind: human, title: "Well, {{item}}?", concurrency: 2"#)) { bench in
            try await bench.advance()
            var asked: [String] = []
            while let questions = try await bench.questions() {
                #expect(questions.count <= 2)
                #expect(try await bench.status(of: "each") == "waiting")
                // The later one is answered first.
                guard let last = questions.last else { break }
                asked.append(last.title)
                try await bench.answer(last, .complete(["to": .string(last.title)]))
            }
            #expect(Set(asked).count == 5)
            #expect(asked.first == "Well, b?")
            let responses = try await bench.output(of: "each")["items"]?.array?.map { $0["response"]?["to"]?.string }
            #expect(responses == ["Well, a?", "Well, b?", "Well, c?", "Well, d?", "Well, e?"])
        }
    }

    @Test("A pause withdraws the questions of a list, and after it the same are asked again, and no more")
    func pausedQuestions() async throws {
        try await withBench(Self.list(#"kind: human, title: "{{item}}", concurrency: 2"#)) { bench in
            try await bench.advance()
            let before = try #require(try await bench.questions()).map(\.title)
            try await bench.act(.pause)
            #expect(try await bench.questions() ?? [] == [])
            try await bench.act(.resume)
            try await bench.advance()
            #expect(try await bench.questions()?.map(\.title) == before)
            while let next = try await bench.questions()?.first { try await bench.answer(next, .complete(true)) }
            #expect(try await bench.status(of: "each") == "completed")
            #expect(try await bench.count("SELECT count(*) FROM pressroom.human_tasks WHERE status = 'cancelled'") == 2)
        }
    }

    @Test("A person is asked again until the answer fits the condition")
    func repeatedQuestion() async throws {
        let yaml = """
            name: again
            version: 1.0.0
            phases:
              - {id: ask, kind: human, title: "Again, {{iteration}}, {{phases.ask.response.n}}", repeat: {max: 9, until: "$.phases.ask.response.n == 2"}}
            """
        try await withBench(yaml) { bench in
            try await bench.advance()
            var titles: [String] = []
            while let question = try await bench.questions()?.first {
                try await bench.answer(question, .complete(["n": .integer(Int64(titles.count))]))
                titles.append(question.title)
            }
            #expect(titles == ["Again, 0, ", "Again, 1, 0", "Again, 2, 1"])
            #expect(try await bench.output(of: "ask") == ["response": ["n": 2], "completed_by": "local"])
            #expect(try await bench.count("SELECT iteration FROM pressroom.phases") == 2)
        }
    }

    @Test("A request is sent for each element, no more at once than allowed; the answers are in the order of the list")
    func requests() async throws {
        let yaml = Self.list(#"kind: http, url: "https://api.example/{{item}}/{{index}}", concurrency: 2"#)
        try await withBench(yaml, { WebResponse(status: 200, body: Array($0.url.utf8)) }) { bench in
            try await bench.advance()
            while case let steps = try await bench.claim(), !steps.isEmpty {
                #expect(steps.count <= 2)
                for step in steps.reversed() { try await bench.commit(try await bench.run(step)) }
            }
            let bodies = try await bench.output(of: "each")["items"]?.array?.map { $0["body"]?.string ?? "" }
            #expect(bodies == ["a/0", "b/1", "c/2", "d/3", "e/4"].map { "https://api.example/\($0)" })
        }
    }

    @Test("A server is asked again until its answer fits the condition")
    func polled() async throws {
        let yaml = """
            name: poll
            version: 1.0.0
            phases:
              - {id: poll, kind: http, url: "https://api.example/{{iteration}}", repeat: {max: 9, until: '$.phases.poll.body == "ready"'}}
            """
        let answer: @Sendable (WebRequest) -> WebResponse = { request in
            WebResponse(status: 200, body: Array((request.url.hasSuffix("/3") ? "ready" : "wait").utf8))
        }
        try await withBench(yaml, answer) { bench in
            try await bench.finish()
            #expect(try await bench.output(of: "poll")["body"] == "ready")
            #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed' AND attempt = 1") == 4)
        }
    }

    @Test(
        "A retry runs what failed, no more at once than allowed",
        arguments: [#"kind: http, url: "https://api.example/{{item}}""#, #"kind: agent, agents: [ada], prompt: "{{item}}""#, "kind: log, message: x"])
    func retried(_ attributes: String) async throws {
        try await withBench(Self.list(attributes + ", concurrency: 2")) { bench in
            let failure = StepFailure(code: "broken", message: "not now", isRetryable: false)
            for attempt in 1...3 {
                try await bench.advance()
                while case let steps = try await bench.claim(), !steps.isEmpty {
                    #expect(steps.count <= 2)
                    #expect(steps.allSatisfy { $0.attempt == attempt })
                    for step in steps {
                        try await bench.commit(attempt < 3 ? FinishedStep(step, .failed(failure)) : try await bench.run(step))
                    }
                }
                guard attempt < 3 else { break }
                #expect(try await bench.status(of: "each") == "failed")
                try await bench.act(.retry)
                // At once, before a processor has looked at the task.
                #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE status = 'pending' AND run_at <= now()") == 2)
                // As many attempts as the phase allows.
                #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE max_attempts - attempt = 1") == 5)
            }
            #expect(try await bench.status(of: "each") == "completed")
        }
    }

    @Test("A retry asks again what failed, no more at once than allowed")
    func retriedQuestions() async throws {
        try await withBench(Self.list(#"kind: human, title: "{{item}}", concurrency: 2"#)) { bench in
            for action in [HumanTaskAction.cancel, .complete(true)] {
                try await bench.advance()
                while let questions = try await bench.questions(), let first = questions.first {
                    #expect(questions.count <= 2)
                    try await bench.answer(first, action)
                }
                if case .cancel = action {
                    #expect(try await bench.status(of: "each") == "failed")
                    try await bench.act(.retry)
                }
            }
            #expect(try await bench.status(of: "each") == "completed")
            #expect(try await bench.count("SELECT count(*) FROM pressroom.human_tasks") == 10)
        }
    }

    @Test("A wait of a list follows the one before it at once")
    func waits() async throws {
        try await withBench(Self.list("kind: delay, for: 1h, concurrency: 1")) { bench in
            try await bench.advance()
            for number in 1...5 {
                #expect(try await bench.count("SELECT count(*) FROM pressroom.steps") == number)
                #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE status = 'waiting'") == 1)
                try await bench.passTime()
            }
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
        }
    }

    @Test("A failure that is let pass stays when another one is retried; what it was decided on is not asked anew")
    func toleratedFailure() async throws {
        let yaml = """
            name: tolerant
            version: 1.0.0
            agents:
              ada: {role: writer, model: test/m}
            phases:
              - {id: soft, kind: http, url: "https://api.example/soft", retry: {max_attempts: 1}, on_failure: continue}
              - {id: after, kind: transform, expression: "$.task.phases.soft.status"}
              - {id: hard, kind: http, url: "https://api.example/hard", retry: {max_attempts: 1}}
            """
        let works = Flag()
        try await withBench(yaml, { _ in WebResponse(status: works.isSet ? 200 : 500) }) { bench in
            try await bench.finish()
            #expect(try await bench.newsroom.status(bench.taskID) == "failed")
            works.set()
            try await bench.act(.retry)
            try await bench.finish()
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
            #expect(try await bench.status(of: "soft") == "failed")
            #expect(try await bench.output(of: "after") == "failed")
            #expect(try await bench.status(of: "hard") == "completed")
        }
    }
}

extension Workbench {
    fileprivate struct Question: Equatable {
        let id: UUID
        let title: String
    }

    /// The open questions, in the order in which they were asked; nil when the phase is over.
    fileprivate func questions() async throws -> [Question]? {
        let rows = try await newsroom.client.query(
            "SELECT id, title FROM pressroom.human_tasks WHERE status = 'pending' ORDER BY id")
        let open = try await count("SELECT count(*) FROM pressroom.phases WHERE status IN ('running', 'waiting')")
        return open == 0 ? nil : try rows.map { Question(id: try $0.decode("id"), title: try $0.decode("title")) }
    }

    fileprivate func answer(_ question: Question, _ action: HumanTaskAction) async throws {
        _ = try await newsroom.store.actOnHumanTask(newsroom.scope, question.id, action)
        try await advance()
    }
}
