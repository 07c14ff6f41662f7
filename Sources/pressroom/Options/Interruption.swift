import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// A command that may start what it must stop again, such as the private PostgreSQL. SIGINT (Ctrl-C) and SIGTERM cancel it,
/// and the program ends with 128 and the signal's number once the command has cleaned up. A second signal ends it at once.
protocol CleansUp: AsyncParsableCommand {}

/// Runs a command that cleans up.
final class Interruption: Sendable {
    private let number = Mutex<Int32?>(nil)

    private init() {}

    static func run(_ command: sending any CleansUp) async throws {
        let interruption = Interruption()
        let task = Task {
            var command = command
            try await command.run()
        }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)  // the source still receives it
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                interruption.number.withLock { $0 = number }
                task.cancel()
            }
            source.resume()
            return source
        }
        let result = await task.result
        for source in sources { source.cancel() }
        if let number = interruption.number.withLock({ $0 }) { exit(128 + number) }
        try result.get()
    }
}
