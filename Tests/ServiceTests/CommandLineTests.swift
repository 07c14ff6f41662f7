import Base
import Foundation
import TestSupport
import Testing
import Workflow

/// `pressroom` as scripts use it: what it writes, and how it ends.
@Suite struct CommandLineTests {
    private struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    private func pressroom(
        _ arguments: [String], url: String? = nil, in directory: String = "/tmp"
    ) async throws -> Outcome {
        let child = try ChildProgram(
            PressroomBinary.path(), arguments, environment: url.map { ["PRESSROOM_URL": $0] } ?? [:], directory: directory)
        do {
            let status = try await within(.seconds(60), "pressroom \(arguments.joined(separator: " "))") { try await child.exit() }
            return Outcome(status: status, output: child.output.text, errors: child.errors.text)
        } catch {
            child.send(SIGKILL)
            throw error
        }
    }

    @Test func workflowsAreCheckedAndPublished() async throws {
        try await withService { service in
            let (good, bad) = (service.directory + "/good.yaml", service.directory + "/bad.yaml")
            try Definitions.editorial().write(toFile: good, atomically: true, encoding: .utf8)
            try "name: bad\nversion: 1.0.0\nphases:\n  - {id: write, kind: write, agents: [nobody]}\n  - {id: x, kind: y}\n"
                .write(toFile: bad, atomically: true, encoding: .utf8)

            let valid = try await pressroom(["workflow", "validate", good])
            #expect(valid.status == 0, "\(valid)")
            let invalid = try await pressroom(["workflow", "validate", bad])
            #expect(invalid.status == 1)
            #expect(invalid.output.contains("line 4") && invalid.output.contains("line 5"), "\(invalid.output)")

            let published = try await pressroom(["workflow", "publish", good], url: service.baseURL)
            #expect(published.status == 0 && published.output == "published editorial 1.0.0", "\(published)")
            let again = try await pressroom(["workflow", "publish", good], url: service.baseURL)
            #expect(again.status == 0 && again.output == "unchanged: editorial 1.0.0", "\(again)")
            let refused = try await pressroom(["workflow", "publish", bad], url: service.baseURL)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("/phases/0/agents/0"), "\(refused.errors)")
            let missing = try await pressroom(["workflow", "publish", "no-such-file.yaml"], url: service.baseURL)
            #expect(missing.status == 1 && missing.errors.contains("no-such-file.yaml"))

            let list = try await pressroom(["workflow", "list", "--json"], url: service.baseURL)
            #expect(list.status == 0)
            #expect(try JSON(parsing: list.output)["items"]?.array?.map { $0["name"] } == ["editorial"])
            for (arguments, reason) in [
                (["nope"], "The workflow nope has no active version."),
                (["editorial", "--version", "9.0.0"], "9.0.0 is no version of the workflow editorial."),
            ] {
                let unknown = try await pressroom(["task", "start"] + arguments, url: service.baseURL)
                #expect(unknown.status == 1 && unknown.errors.hasSuffix(reason), "\(unknown)")
                #expect(unknown.errors.split(separator: "\n").count == 1, "\(unknown)")
            }
        }
    }

    @Test func aTaskIsStartedAndWatched() async throws {
        try await withService { service in
            try await service.publish(Definitions.editorial())
            let watched = try await pressroom(
                ["task", "start", "editorial", "--input", "topic=swifts", "--watch"], url: service.baseURL)
            #expect(watched.status == 0, "\(watched)")
            #expect(!watched.output.contains("\u{1B}"), "escape sequences where no terminal is")
            for line in ["task completed", "phase write completed", "phase rank completed", "RANK"] {
                #expect(watched.output.contains(line), "no '\(line)' in\n\(watched.output)")
            }
            let list = try await pressroom(["task", "list", "--json"], url: service.baseURL)
            #expect(list.status == 0)
            let items = try JSON(parsing: list.output)["items"]?.array ?? []
            #expect(items.count == 1 && items[0]["status"] == "completed")

            let task = try #require(items[0]["task_id"]?.string)
            let shown = try await pressroom(["task", "show", task, "--json"], url: service.baseURL)
            #expect(shown.status == 0)
            let again = try await pressroom(["task", "pause", task], url: service.baseURL)
            #expect(again.status == 1 && again.errors.contains("completed"), "\(again)")

            let json = try await pressroom(["task", "start", "editorial", "--watch", "--json"], url: service.baseURL)
            #expect(json.status == 0)
            let lines = try json.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(lines.last?["event"] == "task_updated", "\(lines.last?.text ?? "")")
        }
    }

    @Test func schedulesAreMadePausedAndDeleted() async throws {
        try await withService { service in
            try await service.publish(Definitions.draft(name: "daily"))
            let file = service.directory + "/schedule.yaml"
            try "workflow: daily\ncron: '*/5 * * * *'\ntimezone: Europe/Berlin\ninput: {topic: rain, mood: dry}\n"
                .write(toFile: file, atomically: true, encoding: .utf8)
            func schedule(_ arguments: String...) async throws -> Outcome {
                try await pressroom(["schedule"] + arguments, url: service.baseURL)
            }

            let made = try await schedule("create", file, "--input", "topic=snow", "--misfire", "skip", "--paused", "--json")
            #expect(made.status == 0, "\(made)")
            let row = try JSON(parsing: made.output)
            let id = try #require(row["id"]?.string)
            #expect(row["cron"] == "*/5 * * * *" && row["timezone"] == "Europe/Berlin" && row["misfire"] == "skip")
            #expect(row["input"] == ["topic": "snow", "mood": "dry"] && row["enabled"] == false)
            #expect(try await schedule("list", "--enabled").output == "no schedules")

            let resumed = try await schedule("resume", id, "--if-version", "1")
            #expect(resumed.status == 0 && resumed.output.hasPrefix("schedule \(id) fires next at 20"), "\(resumed)")
            let stale = try await schedule("pause", id, "--if-version", "1")
            #expect(stale.status == 1, "\(stale)")
            let paused = try await schedule("pause", id)
            #expect(paused.status == 0 && paused.output == "schedule \(id) is paused", "\(paused)")
            let list = try await schedule("list", "--paused", "--workflow", "daily")
            #expect(list.status == 0 && list.output.contains(id) && list.output.contains("*/5 * * * *"), "\(list)")
            let shown = try await schedule("show", id)
            #expect(shown.status == 0 && shown.output.contains("next       paused"), "\(shown)")

            let flags = try await schedule("create", "--workflow", "daily", "--cron", "@hourly")
            #expect(flags.status == 0 && flags.output.contains(":00:00.000000Z"), "\(flags)")
            let wrong = try await schedule("create", "--workflow", "daily", "--cron", "61 * * * *")
            #expect(wrong.status == 1 && wrong.errors.contains("/cron"), "\(wrong)")
            try "workflow: daily\ncron: [\n".write(toFile: file, atomically: true, encoding: .utf8)
            let unreadable = try await schedule("create", file)
            #expect(unreadable.status == 1 && unreadable.errors.contains("schedule.yaml: line"), "\(unreadable)")

            #expect(try await schedule("delete", id).status == 0)
            #expect(try await schedule("show", id).status == 1)
            let rest = try await schedule("list", "--json")
            #expect(try JSON(parsing: rest.output)["items"]?.array?.count == 1)
        }
    }

    @Test func aTaskThatFailsEndsTheWatchWith1() async throws {
        try await withService(ServiceSetup(yaml: "providers: {broken: {kind: rehearsal, fail_rate: 1}}")) { service in
            try await service.publish(
                Definitions.draft("broken", attributes: ", retry: {max_attempts: 2, initial: 10ms}"))
            let outcome = try await pressroom(["task", "start", "draft", "--watch"], url: service.baseURL)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.errors.contains("failed"))
        }
    }

    private static let endings: [(arguments: String, status: Int32)] = [
        ("task start", 2), ("nonsense", 2), ("task list --nonsense", 2), ("task list --limit 0", 2),
        ("task list --url ftp://x", 2), ("task start x --input no-equals-sign", 2), ("serve --set nothing", 2),
        ("task list --url http://127.0.0.1:1", 3), ("schedule list --enabled --paused", 2), ("schedule pause", 2),
        ("workflow list --url http://127.0.0.1:1", 3),
        ("serve --set http.prot=1", 1), ("serve --http-host 0.0.0.0", 1), ("--help", 0), ("--version", 0),
    ]

    @Test("tells wrong usage and an absent service apart", arguments: endings)
    func exitStatus(arguments: String, status: Int32) async throws {
        let outcome = try await pressroom(arguments.split(separator: " ").map(String.init))
        #expect(outcome.status == status, "\(outcome)")
        #expect(!(status == 0 ? outcome.output : outcome.errors).isEmpty)
    }

    /// A wrong address can be anything.
    @Test func numbersThatNoServiceSendsAreShown() async throws {
        try await ScriptedModelServer.withServer { server in
            for (number, shown) in [("1e300", "100 %"), ("-1e300", "0 %"), ("0.259", "25 %"), ("-0.5", "0 %")] {
                let task = #"{"task_id":"t","workflow_name":"w","workflow_version":"1","status":"running","progress":\#(number)}"#
                let json = ["content-type": "application/json"]
                server.enqueue(.status(200, headers: json, body: #"{"items":[\#(task)],"next":null}"#))
                let list = try await pressroom(["task", "list"], url: "http://127.0.0.1:\(server.port)")
                #expect(list.status == 0 && list.output.contains(" \(shown) "), "\(list)")
                server.enqueue(.status(200, headers: json, body: #"{"cursor":"e.1","status":"running","task":\#(task)}"#))
                let show = try await pressroom(["task", "show", "t"], url: "http://127.0.0.1:\(server.port)")
                #expect(show.status == 0 && show.output.contains("running, \(shown)"), "\(show)")
            }
        }
    }

    @Test func theDoctorLooksAtEverything() async throws {
        try await withService { service in
            let well = try await pressroom(
                ["doctor", "--json", "--http-port", "\(service.port)", "--database-url", service.databaseText])
            #expect(well.status == 0, "\(well)")
            let findings = try JSON(parsing: well.output)["items"]?.array ?? []
            #expect(findings.count >= 5)
            #expect(findings.allSatisfy { $0["status"] != "failed" })

            let ill = try await pressroom(
                ["doctor", "--http-port", "0", "--database-url", "postgres://nobody@127.0.0.1:1/nothing"])
            #expect(ill.status == 1)
            #expect(ill.output.contains("FAILED") && ill.output.contains("database"), "\(ill.output)")
        }
    }

    @Test(arguments: [["serve", "--http-port", "0"], ["migrate", "status"]])
    func anUnreachableDatabaseIsSaidWhileItIsWaitedFor(command: [String]) async throws {
        let child = try ChildProgram(
            PressroomBinary.path(), command + ["--database-url", "postgres://ada:secret@127.0.0.1:1/news"], directory: "/tmp")
        defer { child.send(SIGKILL) }
        // Well before the wait of ten seconds ends.
        let waiting = try await within(.seconds(8), "the line that says so") {
            await child.errors.first { $0.contains("for the database at 127.0.0.1, port 1: ") }
        }
        #expect(waiting?.contains("Connection refused") == true, "\(waiting ?? "")")
        let status = try await within(.seconds(60), "\(command)") { try await child.exit() }
        #expect(status == 1)
        // That line is the first, and after it comes one error, with what to look at.
        let lines = child.errors.lines
        try #require(lines.count == 3 && lines[0] == waiting, "\(child.errors.text)")
        #expect(lines[1].hasPrefix("pressroom: PostgreSQL: no connection to the database within 10.0 seconds: connection to server at"), "\(lines[1])")
        #expect(lines[2].contains("--database-url"), "\(lines[2])")
        #expect(!child.errors.text.contains("secret"))
    }

    @Test func aFolderThatCannotBeWrittenIsToldPlainly() async throws {
        let outcome = try await pressroom(["serve", "--http-port", "0", "--data-directory", "/proc/pressroom/postgres"])
        #expect(outcome.status == 1 && outcome.errors.contains("cannot create /proc/pressroom: "), "\(outcome)")
        #expect(!outcome.errors.contains("Error Domain") && !outcome.errors.contains("NSCocoa"), "\(outcome)")
    }

    @Test func aTakenPortIsToldPlainly() async throws {
        try await withService { service in
            let outcome = try await pressroom(
                ["serve", "--http-port", "\(service.port)", "--database-url", service.databaseText])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("in use"), "\(outcome.errors)")
            // Before anything else: there is not even a directory for a database.
            let directory = service.directory + "/elsewhere"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let alone = try await pressroom(["serve", "--http-port", "\(service.port)"], in: directory)
            #expect(alone.status == 1 && alone.errors.contains("in use"), "\(alone)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }

    /// What a shell script of two lines, with the program as `$0`, reports of it.
    private func shell(_ script: String, _ argument: String = "") async throws -> Outcome {
        let child = try ChildProgram("/bin/bash", ["-c", script, PressroomBinary.path(), argument], directory: "/tmp")
        let status = try await within(.seconds(60), script) { try await child.exit() }
        return Outcome(status: status, output: child.output.text, errors: child.errors.text)
    }

    @Test func aClosedPipeEndsItSilently() async throws {
        let fifo = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: fifo) }
        // The only reader of the pipe is closed before the program begins.
        let outcome = try await shell(
            #"mkfifo "$1"; exec 3<>"$1"; exec 4>"$1"; exec 3<&-; "$0" settings >&4; echo "status $?""#, fifo)
        #expect(outcome.output == "status 141" && outcome.errors.isEmpty, "\(outcome)")
    }

    @Test func aFullDiskIsToldPlainly() async throws {
        let outcome = try await shell(#""$0" settings >/dev/full"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors == "pressroom: cannot write: No space left on device", "\(outcome)")
        // With nowhere to say it, the status still does.
        let mute = try await shell(#""$0" settings >/dev/full 2>/dev/full"#)
        #expect(mute.status == 1)
    }
}
