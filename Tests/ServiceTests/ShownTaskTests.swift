import Base
import Foundation
import TestSupport
import Testing
import Workflow

/// What `pressroom task` and `pressroom inbox` tell people of tasks of every kind.
@Suite struct ShownTaskTests {
    private struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    private func pressroom(_ arguments: String..., on service: TestService) async throws -> Outcome {
        let child = try ChildProgram(
            PressroomBinary.path(), arguments, environment: ["PRESSROOM_URL": service.baseURL, "TZ": "TST-5"], directory: "/tmp")
        do {
            let status = try await within(.seconds(60), "pressroom \(arguments.joined(separator: " "))") { try await child.exit() }
            return Outcome(status: status, output: child.output.text, errors: child.errors.text)
        } catch {
            child.send(SIGKILL)
            throw error
        }
    }

    @Test func aTaskWithoutDraftsShowsItsResultAnswersAndLog() async throws {
        let definition = """
            name: decide
            version: 1.0.0
            agents:
              lead: {role: reviewer, model: rehearsal/lead}
            phases:
              - {id: sum, kind: transform, expression: "3 + 4"}
              - id: ask
                kind: human
                title: Is it right?
                form:
                  type: object
                  required: [approved, reason]
                  properties: {approved: {type: boolean}, reason: {type: string}}
              - {id: note, kind: log, level: warning, message: "the sum is {{phases.sum}}"}
              - {id: verdict, kind: agent, agents: [lead], prompt: "Decide.",
                 output: {type: object, required: [good], properties: {good: {type: boolean}}}}
            """
        try await withService { service in
            try await service.publish(definition)
            let task = try await pressroom("task", "start", "decide", on: service).output
            let watcher = try ChildProgram(
                PressroomBinary.path(), ["task", "watch", task, "--url", service.baseURL], directory: "/tmp")
            let asked = await watcher.output.first { $0.contains("pressroom inbox complete") }
            #expect(asked?.hasSuffix("--input 'approved:=true|false' --input 'reason=…' --url \(service.baseURL)") == true, "\(asked ?? "")")

            let early = try await pressroom("task", "result", task, on: service)
            #expect(early.status == 1 && early.errors.contains("has no result"), "\(early)")
            let waiting = try await pressroom("task", "show", task, on: service)
            // The address is known from the environment here.
            #expect(waiting.output.hasSuffix("--input 'approved:=true|false' --input 'reason=…'"), "\(waiting.output)")
            #expect(waiting.output.contains("status    waiting, 25 %"), "\(waiting.output)")
            let list = try await pressroom("inbox", "list", "--json", on: service)
            let question = try #require(try JSON(parsing: list.output)["items"]?.array?.first?["id"]?.string)
            let answered = try await pressroom(
                "inbox", "complete", question, "--input", "approved:=false", "--input", "reason=too late", on: service)
            #expect(answered.status == 0, "\(answered)")
            #expect(try await within(.seconds(60), "the watch") { try await watcher.exit() } == 0)
            #expect(
                watcher.output.text.contains("question “Is it right?” answered by local: approved: false, reason: too late"),
                "\(watcher.output.text)")

            let shown = try await pressroom("task", "show", task, on: service)
            #expect(shown.status == 0, "\(shown)")
            for text in [
                "status    completed\n", "  approved: false, reason: too late (local, 20", "the sum is 7", "── result: verdict ──", "\"good\": ",
            ] {
                #expect(shown.output.contains(text), "no '\(text)' in\n\(shown.output)")
            }
            let result = try await pressroom("task", "result", task, on: service)
            #expect(result.status == 0)
            #expect(try JSON(parsing: result.output)["good"]?.bool != nil, "\(result.output)")
            let logs = try await pressroom("task", "logs", task, on: service)
            #expect(logs.status == 0 && logs.output.contains(#/20[0-9: -]+  warning  the sum is 7/#), "\(logs)")
            let exact = try await pressroom("task", "logs", task, "--json", on: service)
            #expect(try JSON(parsing: exact.output)["items"]?.array?.first?["created_at"]?.string?.hasSuffix("Z") == true)
        }
    }

    @Test func failedDraftsAndVerdictsAreSaid() async throws {
        let definition = """
            name: judged
            version: 1.0.0
            agents:
              warm: {role: writer, model: rehearsal/warm}
              terse: {role: writer, model: rehearsal/terse}
              lost: {role: writer, model: broken/lost}
              ada: {role: evaluator, model: rehearsal/ada}
              bob: {role: evaluator, model: broken/bob}
            phases:
              - {id: write, kind: write, agents: [warm, terse, lost], prompt: p, retry: {max_attempts: 1}}
              - {id: judge, kind: evaluate, agents: [ada, bob], retry: {max_attempts: 1}}
            """
        try await withService(ServiceSetup(yaml: "providers: {rehearsal: {kind: rehearsal}, broken: {kind: rehearsal, fail_rate: 1}}")) { service in
            try await service.publish(definition)
            let watched = try await pressroom("task", "start", "judged", "--watch", on: service)
            #expect(watched.status == 0, "\(watched)")
            for text in ["2 verdicts failed and are not counted:", "initial, bob on warm: ", "not in the ranking:\n  lost: failed: "] {
                #expect(watched.output.contains(text), "no '\(text)' in\n\(watched.output)")
            }
            let task = try #require(watched.output.split(separator: "\n").first?.split(separator: " ").last.map(String.init))
            let shown = try await pressroom("task", "show", task, on: service)
            for text in ["2 verdicts failed and are not counted:", "lost: failed: ", "2 drafts, the best: "] {
                #expect(shown.output.contains(text), "no '\(text)' in\n\(shown.output)")
            }
            let result = try await pressroom("task", "result", task, on: service)
            let row = try await pressroom("task", "result", task, "--json", on: service)
            #expect(try JSON(parsing: row.output)["winner"]?["content"]?.string == result.output)
        }
    }

    /// The same in a terminal of 60 columns. `script` makes it, and writes what the program writes to it.
    private func terminal(_ arguments: String..., on service: TestService) async throws -> [String] {
        let command = "stty cols 60 rows 24; exec \(try PressroomBinary.path()) \(arguments.joined(separator: " "))"
        let child = try ChildProgram(
            Self.script, ["--quiet", "--return", "--command", command, "/dev/null"],
            environment: ["PRESSROOM_URL": service.baseURL, "TERM": "xterm"], directory: "/tmp")
        do {
            let status = try await within(.seconds(60), command) { try await child.exit() }
            #expect(status == 0, "\(child.output.text)")
        } catch {
            child.send(SIGKILL)
            throw error
        }
        return child.output.lines.map { line in
            String(String.UnicodeScalarView(line.unicodeScalars.filter { $0 != "\r" })).replacing(#/\u{1B}\[[?0-9]*[A-Za-z]/#, with: "")
        }
    }

    private static let script = "/usr/bin/script"

    /// A letter of the text takes one column, a Chinese character two.
    private static func columns(_ line: String) -> Int {
        line.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x2E80 ? 2 : 1) }
    }

    @Test(.enabled("a terminal can be made", { FileManager.default.isExecutableFile(atPath: script) }))
    func aTerminalBreaksTextsBetweenWords() async throws {
        let words = (1...40).map { number in number.isMultiple(of: 7) ? "日本語版" : "word-number-\(number)" }
        let long = String(repeating: "abcdefghij", count: 15)
        let topic = (words + [long]).joined(separator: " ")
        let definition = """
            name: broken-lines
            version: 1.0.0
            input: {type: object, properties: {topic: {type: string}}}
            phases:
              - {id: note, kind: log, message: "{{topic}}"}
              - {id: whole, kind: transform, expression: "$.input.topic"}
            """
        try await withService { service in
            try await service.publish(definition)
            let task = try await service.startTask("broken-lines", topic: topic)
            #expect(try await service.end(of: task) == "completed")
            // For programs nothing is broken.
            let piped = try await pressroom("task", "result", task, on: service)
            #expect(piped.output == topic, "\(piped)")
            for command in ["result", "show", "logs", "watch"] {
                let lines = try await terminal("task", command, task, on: service)
                for line in lines { #expect(Self.columns(line) <= 60, "task \(command): \(line)") }
                let pieces = lines.flatMap { $0.split(separator: " ").map(String.init) }
                for word in words { #expect(pieces.contains(word), "task \(command) broke \(word):\n\(lines.joined(separator: "\n"))") }
                // What no line holds goes over several of them, whole.
                let text = lines.joined().replacing(" ", with: "")
                #expect(text.contains(long), "task \(command):\n\(lines.joined(separator: "\n"))")
            }
        }
    }

    @Test func aFailedTaskSaysHowFarItCame() async throws {
        let definition = """
            name: chain
            version: 1.0.0
            phases:
              - {id: first, kind: transform, expression: "1"}
              - {id: second, kind: transform, expression: "1 / 0"}
              - {id: third, kind: transform, expression: "1"}
              - {id: fourth, kind: transform, expression: "1"}
            """
        try await withService { service in
            try await service.publish(definition)
            let watched = try await pressroom("task", "start", "chain", "--watch", on: service)
            #expect(watched.status == 1 && watched.errors.contains(" failed: "), "\(watched)")
            let list = try await pressroom("task", "list", on: service)
            #expect(!list.output.contains("%"), "\(list.output)")
            let row = try JSON(parsing: try await pressroom("task", "list", "--json", on: service).output)["items"]?.array?.first
            let created = try #require(row?["created_at"]?.string.flatMap(Timestamp.init(rfc3339:)))
            let local = Timestamp(microseconds: created.microseconds + 5 * 3600 * 1_000_000).text.prefix(16).replacing("T", with: " ")
            #expect(list.output.contains(local), "\(list.output)")
            let task = try #require(row?["task_id"]?.string)
            let shown = try await pressroom("task", "show", task, on: service)
            #expect(shown.output.contains("status    failed, 1 of 4 phases completed"), "\(shown.output)")
            #expect(shown.output.split(separator: "\n").count { $0.hasSuffix("The phase second failed.") } == 2, "\(shown.output)")
        }
    }
}
