import Base

/// Writes a line into the task's log.
package struct LogPhase: Sendable, Hashable {
    package var level: LogLevel
    /// A Mustache template over the task's context.
    package var message: String

    package init(level: LogLevel = .info, message: String) {
        self.level = level
        self.message = message
    }
}

extension LogPhase {
    init?(reading phase: PhaseReader) {
        let level = phase.reader.word("level", as: LogLevel.self) ?? .info
        guard let message = phase.reader.template("message", isRequired: true) else { return nil }
        self.init(level: level, message: message)
    }
}

/// The level of a line in a task's log.
package enum LogLevel: String, Sendable, Hashable, CaseIterable {
    case debug, info, warning, error
}
