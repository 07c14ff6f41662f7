import ArgumentParser
import Client
import Foundation

/// The load generator.
@main
struct PressroomBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pressroom-bench",
        abstract: "Measures a running service.",
        discussion: """
            Everything but 'state', 'steps', 'start', 'scale' and 'turns' posts events to a task and reads its stream over plain \
            sockets, with one thread for all readers. Clocks are compared, so run it on the service's machine, and on \
            another core than the service. Every run starts a task of its own (and cancels it) unless --task names one. \
            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the service cannot be reached.
            """,
        subcommands: [
            FanOutCommand.self, LatencyCommand.self, IdleCommand.self, ConnectCommand.self, SlowReaderCommand.self,
            StateCommand.self, StepsCommand.self, StartCommand.self, ScaleCommand.self, TurnsCommand.self,
        ])

    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch let failure as BenchFailure {
            fail("pressroom-bench: \(failure.message)", failure.status)
        } catch let error as PressroomError {
            fail("pressroom-bench: \(error.description)", error.code == .unreachable ? .unreachable : .failed)
        } catch where exitCode(for: error) == .validationFailure {
            fail(fullMessage(for: error), .usage)
        } catch {
            exit(withError: error)
        }
    }

    private static func fail(_ message: String, _ status: BenchFailure.Status) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        Foundation.exit(status.rawValue)
    }
}

/// Why a run has no result, or one that does not count.
struct BenchFailure: Error {
    enum Status: Int32 {
        case failed = 1
        case usage = 2
        case unreachable = 3
    }

    var message: String
    var status: Status

    init(_ message: String, status: Status = .failed) {
        self.message = message
        self.status = status
    }

    /// With the text of the last system call's error.
    static func system(_ what: String, code: Int32 = errno, status: Status = .failed) -> BenchFailure {
        BenchFailure("\(what): \(String(cString: strerror(code)))", status: status)
    }
}

/// The service that is measured.
struct ServiceOptions: ParsableArguments {
    @Option(help: "The service's address (or PRESSROOM_URL).")
    var url = Self.variable("PRESSROOM_URL") ?? "http://127.0.0.1:8080"

    @Option(help: "An API key or token (better: PRESSROOM_TOKEN).")
    var token: String?

    var bearerToken: String? { token ?? Self.variable("PRESSROOM_TOKEN") }

    func withClient<Value: Sendable>(_ body: (PressroomClient) async throws -> Value) async throws -> Value {
        try await PressroomClient.withClient(baseURL: url, token: bearerToken, body)
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Ranges of options that several commands have.
enum BenchLimits {
    static func check(subscribers: Int, publishers: Int, messages: Int, size: Int) throws {
        guard (1...1_000_000).contains(subscribers) else { throw ValidationError("--subscribers must be 1…1000000") }
        guard (1...1000).contains(publishers) else { throw ValidationError("--publishers must be 1…1000") }
        guard (1...10_000_000).contains(messages) else { throw ValidationError("there must be 1…10000000 messages") }
        guard (64...1_000_000).contains(size) else { throw ValidationError("--size must be 64…1000000") }
    }

    static func check(seconds: Double, _ name: String) throws {
        guard seconds > 0, seconds <= 86_400 else { throw ValidationError("\(name) must be above 0 and at most 86400") }
    }

    static func check(rate: Double) throws {
        guard rate > 0, rate <= 100_000 else { throw ValidationError("--rate must be above 0 and at most 100000") }
    }
}
