import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// What agents, editors and judges write is seen while they write it, and is the row at the end.
@Suite struct AgentTextTests {
    typealias Script = ScriptedModelServer.Script

    private static let retry = ", retry: {max_attempts: 3, initial: 10ms, factor: 1, max: 1s}"
    private static let reasons = "It is “clear”, 📰 and\nshort.\tSo \\ it goes."
    private static let polish = "A polished draft:\n“so it goes” 📰."

    private static func workflow(_ lines: String, capture: String = "full") -> String {
        """
        name: desk
        version: 1.0.0
        capture: \(capture)
        agents:
          guide: {role: writer, model: scripted/guide}
          warm: {role: writer, model: scripted/warm}
          copy: {role: editor, model: scripted/copy}
          ada: {role: evaluator, model: scripted/ada}
        phases:
        \(lines)
        """
    }

    private static let whole = """
          - {id: plan, kind: agent, agents: [guide], prompt: "Plan a post."}
          - {id: facts, kind: agent, agents: [guide], prompt: "List facts.", output: {type: object, required: [facts], properties: {facts: {type: array}}}}
          - {id: write, kind: write, agents: [warm], prompt: "Write it."}
          - {id: edit, kind: edit, agents: [copy]}
          - {id: judge, kind: evaluate, stage: initial, agents: [ada], criteria: [{id: clarity}]}
          - {id: rank, kind: rank, agents: [ada]}
        """

    /// What each agent answers, by the request.
    private static func answer(_ body: JSON) -> String {
        switch body["response_format"]?["json_schema"]?["name"]?.string {
        case "edit_decision": (["feedback": "Good \"so\".", "approved": true, "content": .string(polish)] as JSON).text
        case "evaluation": (["reasoning": .string(reasons), "criteria_scores": ["clarity": 8]] as JSON).text
        case "ballot": (["reasoning": .string(reasons), "ranking": ["A"]] as JSON).text
        case "answer": "```json\n{\"facts\": [\"one}\", {\"two\": 2}]}\n```"
        default: "A plain answer in a few words 📰."
        }
    }

    /// The texts of steps as a stream shows them, by the contract's rule.
    private actor Reading {
        private(set) var texts: [String: String] = [:]
        /// The types of the deltas that have come.
        private var seen: Set<String> = []
        private var waiting: [(type: String, signal: Eventual<Void>)] = []

        /// The text of an attempt of a step.
        func text(_ step: String, attempt: Int = 1) -> String? { texts["\(step) \(attempt)"] }

        /// Sets the signal when the first delta of this type has come: the stream is live then.
        func set(_ signal: Eventual<Void>, atFirst type: String) {
            waiting.append((type, signal))
            if seen.contains(type) { signal.set(()) }
        }

        func take(_ event: ServerSentEvent) throws {
            guard event.name.hasSuffix("_delta") else { return }
            defer {
                seen.insert(event.name)
                for (type, signal) in waiting where type == event.name { signal.set(()) }
            }
            guard event.name == "step_delta" else { return }
            #expect(event.ownID == nil)
            let data = try JSON(parsing: event.data)
            let step = try #require(data["step_id"]?.string)
            let (attempt, offset) = (try #require(data["attempt"]?.int), try #require(data["offset"]?.int))
            let piece = try #require(data["text"]?.string)
            let key = "\(step) \(attempt)"
            #expect(offset == 0 || offset == texts[key]?.utf16.count, "a piece that does not fit")
            texts[key] = offset == 0 ? piece : (texts[key] ?? "") + piece
        }
    }

    private func withDesk(
        _ lines: String, capture: String = "full", _ body: @escaping @Sendable (TestService, ScriptedModelServer) async throws -> Void
    ) async throws {
        try await ScriptedModelServer.withServer { server in
            let yaml = "providers: {scripted: {kind: openai, base_url: \"\(server.baseURL)\"}}"
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Self.workflow(lines, capture: capture))
                try await body(service, server)
            }
        }
    }

    /// The beginning of an answer, up to a word of it; the rest comes when it may.
    private static func halved(_ answer: String, at word: String, until signal: Eventual<Void>) -> Script {
        Script { _, reply in
            let index = try #require(answer.firstRange(of: word)?.lowerBound)
            try await reply.start()
            try await reply.send("data: \(ScriptedModelServer.chunk(String(answer[..<index])))\n\n")
            try await signal.get()
            try await reply.send("data: \(ScriptedModelServer.chunk(String(answer[index...])))\n\n")
            try await reply.send("data: \(ScriptedModelServer.chunk(finish: "stop"))\n\n")
            try await reply.send("data: [DONE]\n\n")
            try await reply.finish()
        }
    }

    /// The first answer of a task, which does not end before a reader has its beginning: nothing after it is missed.
    private static func first(until signal: Eventual<Void>) -> Script {
        halved("A plain answer in a few words 📰.", at: "few", until: signal)
    }

    /// Reads a task's stream to its end.
    private func read(_ service: TestService, _ task: String, into reading: Reading) async throws {
        for try await event in service.client.events(of: task, policy: .eager) { try await reading.take(event) }
    }

    @Test func whatAFollowerSeesIsTheRow() async throws {
        try await withDesk(Self.whole) { service, server in
            let (reading, isLive) = (Reading(), Eventual<Void>())
            await reading.set(isLive, atFirst: "step_delta")
            server.enqueue(Self.first(until: isLive))
            server.answerAlways(with: .answering(Self.answer))
            let task = try await service.startTask("desk")
            try await read(service, task, into: reading)
            let state = try await service.client.taskState(task)
            #expect(state.task.status == "completed" && state.live.isEmpty)
            var kinds: [String] = []
            for step in state.steps {
                let text = await reading.text(step.id)
                let rows = state.evaluations.map(\.document.json).filter { $0["step_id"]?.string == step.id }
                switch step.kind {
                case "agent":
                    let output = try #require(step.document.json["output"]?["output"])
                    let seen = try #require(text)
                    if output.string != nil { #expect(seen == output.string) } else { #expect(try JSON(parsing: seen) == output) }
                case "edit":
                    #expect(text == Self.polish && state.outputs.first?.content == text)
                case "evaluate", "rank":
                    #expect(!rows.isEmpty && rows.allSatisfy { $0["reasoning"]?.string == text }, "\(text ?? "")")
                    #expect(text == Self.reasons)
                default:
                    // A draft comes as `output_delta`.
                    #expect(text == nil)
                    continue
                }
                kinds.append(step.kind)
            }
            #expect(kinds.sorted() == ["agent", "agent", "edit", "evaluate", "rank"])
            #expect(try await service.number("SELECT count(*) FROM pressroom.live_texts") == 0)
            try await EventAudit.check(service)
            try await Invariants.check(service)
        }
    }

    @Test func aReaderThatComesInTheMiddleHasAllOfIt() async throws {
        try await withDesk(
            """
              - {id: write, kind: write, agents: [warm], prompt: "Write it."}
              - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]}
            """
        ) { service, server in
            let verdict = (["reasoning": .string(Self.reasons), "criteria_scores": ["clarity": 8]] as JSON).text
            let (early, late) = (Reading(), Reading())
            let (isLive, isJudging, goOn) = (Eventual<Void>(), Eventual<Void>(), Eventual<Void>())
            await early.set(isLive, atFirst: "output_delta")
            await early.set(isJudging, atFirst: "step_delta")
            await late.set(goOn, atFirst: "step_delta")
            server.enqueue(Self.first(until: isLive))
            server.enqueue(Self.halved(verdict, at: "and", until: goOn))
            let task = try await service.startTask("desk")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await read(service, task, into: early) }
                group.addTask {
                    try await isJudging.get()
                    // The node saves texts once a second.
                    let live = try await within(.seconds(30), "the state has the text") {
                        while true {
                            if let text = try await service.client.taskState(task).live.first { return text }
                            try await Task.sleep(for: .milliseconds(20))
                        }
                    }
                    #expect(live.text == "It is “clear”, 📰 " && live.attempt == 1 && live.outputID == nil)
                    let step = try #require(live.stepID)
                    #expect(try await service.client.taskState(task).steps.first { $0.id == step }?.kind == "evaluate")
                    try await read(service, task, into: late)
                    #expect(await late.text(step) == Self.reasons)
                }
                try await group.waitForAll()
            }
            let state = try await service.client.taskState(task)
            let step = try #require(state.steps.first { $0.kind == "evaluate" })
            #expect(await early.text(step.id) == Self.reasons)
            #expect(state.evaluations.first?.reasoning == Self.reasons && state.live.isEmpty)
            #expect(try await service.number("SELECT count(*) FROM pressroom.live_texts") == 0)
            try await Invariants.check(service)
        }
    }

    /// One attempt breaks off in the middle of the reasons, one cannot be read, and one is sound.
    @Test func aNewAttemptBeginsItsTextAnew() async throws {
        try await withDesk(
            """
              - {id: write, kind: write, agents: [warm], prompt: "Write it."}
              - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]\(Self.retry)}
            """
        ) { service, server in
            let (reading, isLive) = (Reading(), Eventual<Void>())
            await reading.set(isLive, atFirst: "output_delta")
            server.enqueue(Self.first(until: isLive))
            server.enqueue(.cut(after: [ScriptedModelServer.chunk(#"{"reasoning": "Half of "#)]))
            server.enqueue(.answering { _ in #"{"reasoning": "No score.", "criteria_scores": {}}"# })
            server.answerAlways(with: .answering(Self.answer))
            let task = try await service.startTask("desk")
            try await read(service, task, into: reading)
            let state = try await service.client.taskState(task)
            let step = try #require(state.steps.first { $0.kind == "evaluate" })
            #expect(step.status == "completed" && step.attempt == 3)
            #expect(await reading.text(step.id, attempt: 1) == "Half of ")
            #expect(await reading.text(step.id, attempt: 2) == "No score.")
            #expect(await reading.text(step.id, attempt: 3) == Self.reasons)
            #expect(state.evaluations.first?.reasoning == Self.reasons)
        }
    }

    /// One provider breaks off; the next model of the list begins the text anew, in the same attempt.
    @Test func anotherModelBeginsTheTextAnew() async throws {
        try await ScriptedModelServer.withServer { broken in
            broken.answerAlways(with: .cut(after: [ScriptedModelServer.chunk(#"{"reasoning": "Half \ud83d"#)]))
            try await ScriptedModelServer.withServer { sound in
                let yaml = """
                    providers:
                      broken: {kind: openai, base_url: "\(broken.baseURL)"}
                      sound: {kind: openai, base_url: "\(sound.baseURL)"}
                    """
                try await withService(ServiceSetup(yaml: yaml)) { service in
                    try await service.publish(
                        """
                        name: spare
                        version: 1.0.0
                        agents:
                          warm: {role: writer, model: sound/warm}
                          ada: {role: evaluator, model: [broken/first, sound/spare]}
                        phases:
                          - {id: write, kind: write, agents: [warm], prompt: "Write it."}
                          - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}], retry: {max_attempts: 1}}
                        """)
                    let (reading, isLive) = (Reading(), Eventual<Void>())
                    await reading.set(isLive, atFirst: "output_delta")
                    sound.enqueue(Self.first(until: isLive))
                    sound.answerAlways(with: .answering(Self.answer))
                    let task = try await service.startTask("spare")
                    try await read(service, task, into: reading)
                    let state = try await service.client.taskState(task)
                    let step = try #require(state.steps.first { $0.kind == "evaluate" })
                    #expect(step.attempt == 1 && broken.requests.count == 1)
                    #expect(await reading.text(step.id) == Self.reasons)
                    #expect(state.evaluations.first?.reasoning == Self.reasons)
                }
            }
        }
    }

    /// While they are written, answers that may yet be refused are in no table where nothing of calls is kept.
    @Test(arguments: ["full", "none"]) func captureHoldsForTextsInProgress(_ capture: String) async throws {
        try await withDesk(
            """
              - {id: plan, kind: agent, needs: [], agents: [guide], prompt: "Plan a post."}
              - {id: write, kind: write, needs: [], agents: [warm], prompt: "Write it."}
              - {id: judge, kind: evaluate, needs: [write], stage: final, agents: [ada], criteria: [{id: clarity}]\(Self.retry)}
            """, capture: capture
        ) { service, server in
            let (marker, goOn, turn) = ("secretverdict", Eventual<Void>(), Counter())
            server.answerAlways(
                with: Script { request, reply in
                    let body = try #require(request.json)
                    let answer: String
                    switch body["model"]?.string {
                    case "guide": answer = "A plan in three parts and more."
                    case "ada" where turn.next() == 0: answer = #"{"reasoning": "\#(marker) and more", "criteria_scores": {}}"#
                    default: return try await Script.answering(Self.answer).run(request, reply)
                    }
                    try await Self.halved(answer, at: "and", until: goOn).run(request, reply)
                })
            let task = try await service.startTask("desk")
            // The plan has been saved, and with it whatever else is written.
            let wanted = capture == "none" ? 1 : 2
            let found = try await within(.seconds(60), "texts are saved") {
                while true {
                    let saved = try await service.sql("SELECT text FROM pressroom.live_texts").map { try $0.decode("text", as: String.self) }
                    let asked = server.requests.contains { $0.json?["model"] == "ada" }
                    if saved.count >= wanted, asked { return saved }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(found.contains("A plan in three parts "))
            #expect(found.contains("\(marker) ") == (capture == "full"), "\(found)")
            let live = try await service.client.taskState(task).live.map(\.text)
            #expect(live.contains { $0.contains(marker) } == (capture == "full"))
            goOn.set(())
            #expect(try await service.end(of: task) == "completed")
            // The verdict with the marker was refused.
            let tables = try await service.sql(
                "SELECT relname::text FROM pg_class WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r'"
            ).map { try $0.decode("relname", as: String.self) }
            for table in tables {
                let found = try await service.number(
                    "SELECT count(*) FROM pressroom.\(identifier: table) t WHERE t::text LIKE \("%\(marker)%")")
                #expect((found > 0) == (capture == "full" && table == "call_bodies"), "\(table): \(found)")
            }
            for line in service.logLines { #expect(!line.contains(marker), "\(line)") }
            try await Invariants.check(service)
        }
    }
}
