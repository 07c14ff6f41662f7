import Base
import ArgumentParser
import Client
import Foundation
import Postgres
import Service
import Workflow

/// The program's exit codes.
enum ExitStatus: Int32 {
    case failed = 1
    case usage = 2
    case unreachable = 3

    /// Writes the error and ends the program.
    static func exit(with error: any Error) -> Never {
        if let failure = error as? CommandFailure {
            if !failure.message.isEmpty { Terminal.writeError("pressroom: \(failure.message)") }
            Foundation.exit(failure.status.rawValue)
        }
        guard !(error is CancellationError) else { Foundation.exit(130) }
        if let (status, message) = known(error) {
            Terminal.writeError("pressroom: \(message)")
            Foundation.exit(status.rawValue)
        }
        // Help and version are errors to ArgumentParser too; so is a wrong usage, which it would end with 64.
        let code = PressroomCommand.exitCode(for: error)
        let message = PressroomCommand.fullMessage(for: error)
        guard !code.isSuccess else {
            if !message.isEmpty { Terminal.write(message) }
            Foundation.exit(0)
        }
        Terminal.writeError(message.isEmpty ? "\(error)" : message)
        Foundation.exit(code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue)
    }

    private static func known(_ error: any Error) -> (ExitStatus, String)? {
        switch error {
        case let error as PressroomError where error.code == .unreachable:
            let hint = "is it running? Start it with: pressroom serve (another address: --url or PRESSROOM_URL)"
            return (.unreachable, "\(SafeText.lines(error.description))\n\(hint)")
        case let error as PressroomError where error.code == .invalidResponse || (error.code == .refused && error.type == nil):
            return (.failed, "\(SafeText.lines(error.description))\nis the address right? (--url or PRESSROOM_URL)")
        case let error as PressroomError: return (.failed, SafeText.lines(error.description))
        case let error as ConfigurationError: return (.failed, "the configuration is wrong:\n\(error)")
        case let error as ProblemList: return (.failed, SafeText.lines(error.description))
        case let error as MigrationError: return (.failed, error.message)
        case let error as EmbeddedPostgresError: return (.failed, error.message)
        case let error as PostgresError where error.code == .connectionFailed:
            let hint = "is its URL right? (--database-url, PRESSROOM_DATABASE_URL or DATABASE_URL)"
            return (.failed, "PostgreSQL: \(error.message)\n\(hint)")
        case let error as PostgresError: return (.failed, "PostgreSQL: \(error.message)")
        default: return nil
        }
    }
}

/// An error with an exit code and a message for people.
struct CommandFailure: Error {
    var status: ExitStatus
    /// Empty when everything was written already.
    var message: String

    init(_ message: String, status: ExitStatus = .failed) {
        self.message = message
        self.status = status
    }
}
