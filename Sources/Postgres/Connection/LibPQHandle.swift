import Base
import CLibPQ
import Glibc
import Logging

/// Owns a `PGconn`, which libpq does not lock: a handle cannot be copied, so it has one user at a time.
struct LibPQHandle: ~Copyable, @unchecked Sendable {
    private var pointer: OpaquePointer?

    /// Starts to connect without waiting; it may still block on the resolution of a host name.
    init(connectingWith parameters: [(String, String)]) {
        pointer = withCStrings(parameters.map(\.0)) { keywords in
            withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 0) }
        }
    }

    deinit {
        PQfinish(pointer)
    }

    /// Closes the socket; every later call fails softly, because libpq takes a null connection.
    mutating func finish() {
        PQfinish(pointer)
        pointer = nil
    }

    var isBad: Bool { PQstatus(pointer) == CONNECTION_BAD }
    var socket: Int32 { PQsocket(pointer) }
    var isBusy: Bool { PQisBusy(pointer) != 0 }
    var isTransactionIdle: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }
    var processID: Int32 { PQbackendPID(pointer) }
    var database: String { PQdb(pointer).map { String(cString: $0) } ?? "" }

    /// A setting that the server reports by itself, such as `server_encoding`.
    func parameterStatus(_ name: String) -> String? {
        PQparameterStatus(pointer, name).map { String(cString: $0) }
    }

    var errorMessage: String {
        PQerrorMessage(pointer).map { String(cString: $0).trimmingLineEnd } ?? ""
    }

    /// While connecting, messages carry their SQLSTATE, which libpq offers in no other way then.
    func setMessagesWithSQLState(_ isOn: Bool) {
        _ = PQsetErrorVerbosity(pointer, isOn ? PQERRORS_VERBOSE : PQERRORS_DEFAULT)
    }

    func pollConnection() -> PostgresPollingStatusType { PQconnectPoll(pointer) }
    func makeNonblocking() -> Bool { PQsetnonblocking(pointer, 1) == 0 }
    func consumeInput() -> Bool { PQconsumeInput(pointer) == 1 }
    func nextResult() -> ResultHandle? { PQgetResult(pointer).map(ResultHandle.init) }
    func enterPipeline() -> Bool { PQenterPipelineMode(pointer) == 1 }
    var isInPipeline: Bool { PQpipelineStatus(pointer) != PQ_PIPELINE_OFF }
    func exitPipeline() -> Bool { PQexitPipelineMode(pointer) == 1 }
    func sendSync() -> Bool { PQpipelineSync(pointer) == 1 }
    func cancelRequest() -> CancelRequest? { PQgetCancel(pointer).map(CancelRequest.init) }

    /// 0: all output is with the kernel; 1: some waits for the socket; -1: failed.
    func flush() -> Int32 { PQflush(pointer) }

    func sendScript(_ sql: String) -> Bool { PQsendQuery(pointer, sql) == 1 }

    func sendPrepare(name: String, sql: String) -> Bool {
        PQsendPrepare(pointer, name, sql, 0, nil) == 1
    }

    func sendStatement(_ sql: String) -> Bool {
        PQsendQueryParams(pointer, sql, 0, nil, nil, nil, nil, 0) == 1
    }

    func sendExecute(name: String, parameters: [PostgresParameter]) -> Bool {
        if parameters.isEmpty { return PQsendQueryPrepared(pointer, name, 0, nil, nil, nil, 0) == 1 }
        return withCStrings(parameters.lazy.map(\.text)) { values in
            PQsendQueryPrepared(pointer, name, Int32(parameters.count), values, nil, nil, 0) == 1
        }
    }

    func nextNotification() -> PostgresNotification? {
        guard let notify = PQnotifies(pointer) else { return nil }
        defer { PQfreemem(notify) }
        return .received(
            channel: String(cString: notify.pointee.relname),
            payload: notify.pointee.extra.map { String(cString: $0) } ?? ""
        )
    }

    func setNoticeSink(_ sink: NoticeSink) {
        PQsetNoticeReceiver(pointer, NoticeSink.receive, Unmanaged.passUnretained(sink).toOpaque())
    }
}

/// Lends the texts as a null-terminated array of C strings, all copied into one allocation; `nil` becomes a null.
private func withCStrings<R>(
    _ texts: some Collection<String?>, _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
    let size = texts.reduce(1) { $0 + ($1.map { $0.utf8.count + 1 } ?? 0) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { storage in
        withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: texts.count + 1) { pointers in
            guard let base = storage.baseAddress, let array = pointers.baseAddress else { return body([nil]) }
            var offset = 0
            var index = 0
            for text in texts {
                if var text {
                    let start = base + offset
                    let length = text.withUTF8 { bytes in
                        if let source = bytes.baseAddress { memcpy(start, source, bytes.count) }
                        return bytes.count
                    }
                    start[length] = 0
                    (array + index).initialize(to: UnsafePointer(start))
                    offset += length + 1
                } else {
                    (array + index).initialize(to: nil)
                }
                index += 1
            }
            (array + index).initialize(to: nil)
            return body(UnsafePointer(array))
        }
    }
}

private func withCStrings<R>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    withCStrings(texts.lazy.map { Optional($0) }, body)
}

/// A request to stop the running statement of a connection; independent of the connection's lock.
final class CancelRequest: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Sends the request on a new connection and waits until the server has acted on it. Blocks.
    func send() {
        var message = [CChar](repeating: 0, count: 256)
        // A failure needs no report: the query ends by itself, or the connection is closed at the deadline.
        _ = PQcancel(pointer, &message, Int32(message.count))
    }
}

/// Logs the server's notices and warnings of one connection (libpq would print them).
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
