import Base
import Client
import Dispatch
import Foundation
import Workflow

/// Follows a task to its end and shows it: drawn in a terminal, as lines elsewhere, as events with `json`.
struct TaskWatcher {
    let client: PressroomClient
    let taskID: String
    let json: Bool

    /// - Throws: `CommandFailure` unless the task completes.
    func run() async throws {
        let last: TaskState?
        if json {
            last = try await follow { element in Self.writeEvent(element) }
        } else if Terminal.isInteractive {
            last = try await draw()
        } else {
            last = try await tell()
        }
        guard let last else { throw CommandFailure("task \(taskID) showed no state") }
        let summary = ResultSummary(state: last).text
        if !json, !summary.isEmpty { Terminal.write("\n" + summary) }
        guard last.task.status == "completed" else {
            let reason = last.task.errorMessage.map { ": \($0)" } ?? ""
            let ending = last.task.status == "cancelled" ? "was cancelled" : last.task.status
            throw CommandFailure(SafeText.line("task \(taskID) \(ending)\(reason)"))
        }
    }

    /// Returns the last state.
    private func follow(
        onReconnect: (@Sendable (EventSource.Reconnection) -> Void)? = nil,
        _ body: (TaskFollower.Element) -> Void
    ) async throws -> TaskState? {
        var last: TaskFollower.Element?
        let policy = ReconnectPolicy(maxFailures: 20)
        for try await element in client.follow(taskID, policy: policy, onReconnect: onReconnect) {
            last = element
            body(element)
        }
        return last?.state
    }

    private func tell() async throws -> TaskState? {
        var lines = WatchLines(commands: NextCommand(baseURL: client.baseURL))
        return try await follow(
            onReconnect: { wait in
                if let reason = wait.reason { Terminal.writeError("connection lost (\(SafeText.line(reason))); reconnecting") }
            },
            { element in
                guard element.event.flatMap({ EventType(type: $0.name) })?.isLiveText != true else { return }
                for line in lines.lines(for: element.state) { Terminal.write(line) }
            })
    }

    private func draw() async throws -> TaskState? {
        let commands = NextCommand(baseURL: client.baseURL)
        let screen = WatchScreen(commands: commands)
        let interrupt = InterruptHandler { [taskID] in
            screen.close()
            Terminal.write("the task continues; see it with: " + commands.watching(taskID))
        }
        defer {
            screen.draw()
            screen.close()
            interrupt.cancel()
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // Texts change hundreds of times a second; a screen needs no more than twelve frames.
            group.addTask {
                while !Task.isCancelled {
                    screen.draw()
                    try await Task.sleep(for: .milliseconds(80))
                }
            }
            defer { group.cancelAll() }
            return try await follow(
                onReconnect: { wait in
                    screen.show(notice: wait.reason.map { "connection lost (\($0)); reconnecting" } ?? "reconnecting")
                },
                { screen.show($0.state) })
        }
    }

    private static func writeEvent(_ element: TaskFollower.Element) {
        let data = element.event.flatMap { try? JSON(parsing: $0.data, limits: .stored) } ?? element.state.document.json
        let name = element.event?.name ?? EventType.state.rawValue
        Terminal.write(JSON.object(["event": .string(name), "data": data]).text)
    }
}

/// Runs something when the user presses Ctrl-C, before the program ends with 130.
final class InterruptHandler {
    private let sources: [any DispatchSourceSignal]

    init(_ cleanUp: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)  // the source still receives it
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                cleanUp()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
}
