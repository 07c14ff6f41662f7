import CLibPQ
import Logging

/// Takes the server's notices and warnings of one connection into the log (libpq would print them).
final class NoticeSink: Sendable {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    static let receive: PQnoticeReceiver = { context, result in
        guard let context, let result, let text = PQresultErrorField(result, PostgresErrorField.message.rawValue)
        else { return }
        let sink = Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue()
        let severity = PQresultErrorField(result, PostgresErrorField.severity.rawValue).map { String(cString: $0) }
        sink.log(String(cString: text), severity: severity ?? "NOTICE")
    }

    private func log(_ message: String, severity: String) {
        let level: Logger.Level =
            switch severity {
            case "WARNING": .warning
            case "FATAL", "PANIC": .info
            default: .debug
            }
        logger.log(level: level, "postgres: \(message)", metadata: ["severity": "\(severity)"])
    }
}
