import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Kinds of an embedding program", .limit(minutes: 3))
struct CustomKindTests {
    @Test("sees the task's input, the outputs before it, and the same key in every attempt")
    func call() async throws {
        let keys = Mutex<[String]>([])
        let kind = kind { call in
            keys.withLock { $0.append("\(call.stepID) \(call.attempt)") }
            if call.attempt == 1 { throw StepFailure(code: "later", message: "not yet", isRetryable: true) }
            return [
                "input": call.input, "config": call.config, "before": call.output(of: "before") ?? nil, "none": call.output(of: "it") ?? nil,
                "user": .string(call.context.userID), "phase": .string(call.phase),
            ]
        }
        try await run(kind, before: "{id: before, kind: log, message: hello}") { bench in
            try await bench.finish()
            try await bench.passTime()
            try await bench.finish()
            #expect(
                try await bench.output(of: "it") == [
                    "input": ["topic": "tests"], "config": [:], "before": ["level": "info", "message": "hello"], "none": nil,
                    "user": "local", "phase": "it",
                ])
            let id = try await bench.text("SELECT id::text FROM pressroom.steps WHERE kind = 'custom'")
            #expect(keys.withLock { $0.map { $0.lowercased() } } == ["\(id) 1", "\(id) 2"])
        }
    }

    @Test("sees the element of a list that a step is for")
    func items() async throws {
        let kind = kind { call in
            [call.item ?? nil, .integer(Int64(call.index ?? -1)), .string(try call.render("{{item}}")), .bool(call.iteration == nil)]
        }
        try await run(kind, attributes: #"for_each: "$.input.list[*]""#, input: ["list": ["a", 2]]) { bench in
            try await bench.finish()
            let output = try await bench.output(of: "it")
            #expect(output["items"] == [["a", 0, "a", true], [2, 1, "2", true]], "\(output)")
        }
    }

    @Test("Errors: those that say so are final, all others are tried again", arguments: [
        (StepFailure(code: "no", message: "never", isRetryable: false) as any Error, "no", "failed"),
        (StepFailure(code: "busy", message: "later", isRetryable: true, retryAfter: .seconds(3_600)), "busy", "retrying"),
        (CocoaError(.fileNoSuchFile), "kind_failed", "retrying"),
    ])
    func errors(error: any Error, code: String, status: String) async throws {
        try await run(kind { _ in throw error }) { bench in
            try await bench.finish()
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.steps") == code)
            #expect(try await bench.text("SELECT status FROM pressroom.steps") == status)
        }
    }

    @Test("The phase's timeout cancels the work")
    func timeout() async throws {
        let cancelled = Flag()
        let kind = kind { _ in
            // For ever, were it not cancelled.
            try? await Task.sleep(for: .seconds(3_600))
            if Task.isCancelled { cancelled.set() }
            return "too late"
        }
        try await run(kind, attributes: "timeout: 20ms") { bench in
            try await bench.finish()
            #expect(cancelled.isSet)
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.steps") == "timeout")
            #expect(try await bench.text("SELECT status FROM pressroom.steps") == "retrying")
        }
    }

    @Test("Pause cancels the work of a running step; it runs again when the task is resumed")
    func pause() async throws {
        try await withNewsroom { newsroom in
            let (started, cancelled) = (Gate(), Gate())
            let kind = kind { call in
                if call.attempt == 1 {
                    started.open()
                    do {
                        try await Task.sleep(for: .seconds(3_600))  // for ever, were it not cancelled
                    } catch {
                        cancelled.open()
                        throw error
                    }
                }
                return "done"
            }
            let workflow = try await newsroom.publish(yaml())
            let services = StepServices(
                models: { name throws(ProviderError) in throw ProviderError(code: .unknownModel, message: "\(name)") }, customKinds: [kind])
            try await newsroom.withProcessor(services) { _ in
                let task = try await newsroom.start(workflow)
                await started.wait()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                await cancelled.wait()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output::text FROM pressroom.phases") == "\"done\"")
            }
        }
    }

    @Test("A node without the kind leaves it to others: it is tried again")
    func unknown() async throws {
        try await run(nil) { bench in
            try await bench.finish()
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.steps") == "unknown_kind")
            #expect(try await bench.text("SELECT status FROM pressroom.steps") == "retrying")
        }
    }

    @Test("Names", arguments: [
        ("shop.resize", true), ("a.b.c", true), ("a_b.c-d", true), ("shop", false), (".a", false), ("a.", false), ("a..b", false),
        ("A.b", false), ("a b.c", false), ("own", false), (String(repeating: "a", count: 60) + "." + String(repeating: "b", count: 60), false),
    ])
    func names(name: String, isName: Bool) {
        #expect(CustomKinds.isName(name) == isName)
    }

    @Test("A kind that the service does not have is refused when the workflow is published, with the nearest name")
    func unpublished() {
        let kinds = CustomKinds(["test.mine": { _ in [] }])
        let error = #expect(throws: ProblemList.self) {
            try WorkflowDefinition.parse(yaml().replacing("test.mine", with: "test.mina"), format: .yaml, customKinds: kinds)
        }
        #expect(error?.problems.map(\.pointer) == ["/phases/0/kind"])
        #expect(error?.problems.first?.detail.contains("did you mean 'test.mine'?") == true)
        for word in ["own", "test"] {
            #expect(throws: ProblemList.self) {
                try WorkflowDefinition.parse(yaml().replacing("test.mine", with: word), format: .yaml, customKinds: kinds)
            }
        }
    }

    // MARK: -

    private func kind(_ run: @escaping @Sendable (CustomStepRun) async throws -> JSON) -> RegisteredKind {
        RegisteredKind(name: "test.mine", check: { _ in [] }, run: run)
    }

    private func yaml(before: String? = nil, attributes: String = "") -> String {
        """
        name: mine
        version: 1.0.0
        phases:
        \(before.map { "  - \($0)\n" } ?? "")  - {id: it, kind: test.mine\(attributes.isEmpty ? "" : ", ")\(attributes)}
        """
    }

    private func run(
        _ kind: RegisteredKind?, before: String? = nil, attributes: String = "", input: JSON = ["topic": "tests"], _ body: (Workbench) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let services = StepServices(
                models: { name throws(ProviderError) in throw ProviderError(code: .unknownModel, message: "\(name)") },
                customKinds: kind.map { [$0] } ?? [])
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(try await Workbench(newsroom, yaml(before: before, attributes: attributes), input: input, runner: runner))
        }
    }
}
