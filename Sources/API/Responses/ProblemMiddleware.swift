import Base
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import Store
import Workflow

/// Turns every error into a problem document, and an unknown method of a known path into a 405.
///
/// Only faults of the service are logged above `debug`.
struct ProblemMiddleware: RouterMiddleware {
    let table: RouteTable

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            throw error  // the body is not HTTP: the connection responds and closes
        } catch {
            let problem = problem(for: error, request, context)
            log(problem, error, context.logger)
            return try problem.response(from: request, context: context)
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: PressroomRequestContext) -> ProblemError {
        guard let error = error as? HTTPError, error.status == .notFound, context.endpointPath == "NotFound" else {
            return ProblemError(for: error)
        }
        let allowed = table.methods(for: request.uri.path)
        guard !allowed.isEmpty else { return ProblemError(.notFound, "There is nothing at this path.") }
        let list = allowed.joined(separator: ", ")
        return ProblemError(
            .methodNotAllowed, "\(request.method.rawValue) is not possible here; possible: \(list).",
            headers: [.allow: list])
    }

    private func log(_ problem: ProblemError, _ error: any Error, _ logger: Logger) {
        let level: Logger.Level =
            switch problem.status.code {
            case ..<500: .debug
            case 503: error is CancellationError ? .debug : .warning
            default: .error
            }
        logger.log(
            level: level, "request failed",
            metadata: ["status": "\(problem.status.code)", "error": "\(error)"])
    }
}

extension ProblemError {
    /// The problem that a client gets for an error of any part of the service.
    ///
    /// An error without a translation is an internal error, whose text goes only into the log.
    init(for error: any Error) {
        switch error {
        case let error as ProblemError: self = error
        case let error as StoreError: self.init(error)
        case let error as StartRefusal: self.init(.invalid, error.message, errors: error.problems)
        case let error as PostgresError: self.init(error)
        case let error as HTTPError: self.init(error)
        case is NIOTooManyBytesError: self.init(.tooLarge, "The body is too large.")
        case is CancellationError: self = .unavailable("The service is stopping.")
        case is ChannelError, is IOError: self.init(.malformed, "The request ended too early.")
        case let error as any HTTPResponseError where error.status.kind == .clientError:
            self.init(ProblemKind(status: error.status), "The request was refused.")
        default: self.init(.internalError, "Something went wrong here; the log of the service says more.")
        }
    }

    private init(_ error: StoreError) {
        let kind: ProblemKind =
            switch error.code {
            case .notFound: .notFound
            case .forbidden: .forbidden
            case .conflict, .unreadable: .conflict
            case .stale: .stale
            case .invalid where error.problems.contains { $0.pointer.hasPrefix("/query/") }: .malformed
            case .invalid: .invalid
            default: .internalError
            }
        self.init(kind, error.message, errors: error.problems)
        if let status = error.status { extensions["current_status"] = .string(status) }
    }

    private init(_ error: PostgresError) {
        switch error.code {
        case .connectionFailed, .connectionLost, .poolTimeout, .shutdown, .timeout, .cancelled:
            self = Self.shortage(error.sqlState) ?? .unavailable("The database does not answer.")
        default: self.init(sqlState: error.sqlState ?? "", constraint: error.constraint)
        }
    }

    /// By SQLSTATE (PostgreSQL documentation, appendix A).
    private init(sqlState: String, constraint: String?) {
        switch (sqlState, sqlState.prefix(2)) {
        case (PostgresError.SQLState.checkViolation, _) where constraint == "legal_transition":
            self.init(.conflict, "The row's status does not allow this.")
        case (PostgresError.SQLState.serializationFailure, _), (PostgresError.SQLState.deadlockDetected, _),
            (PostgresError.SQLState.lockNotAvailable, _):
            self = .unavailable("Another session holds a row that this needs.")
        // connection exceptions, operator intervention
        case (_, "08"), (_, "57"):
            self = .unavailable("The database does not answer.")
        default:
            self =
                Self.shortage(sqlState)
                ?? ProblemError(.internalError, "Something went wrong here; the log of the service says more.")
        }
    }

    /// What the database lacks; nil for an error of another kind.
    private static func shortage(_ sqlState: String?) -> ProblemError? {
        switch sqlState {
        case PostgresError.SQLState.diskFull: .unavailable("The database has no space left on its disk.")
        case PostgresError.SQLState.tooManyConnections: .unavailable("The database accepts no further connections.")
        case PostgresError.SQLState.readOnly: .unavailable("The database accepts no changes at the moment.")
        case let state? where state.hasPrefix("53"): .unavailable("The database lacks memory or another resource.")
        default: nil
        }
    }

    private init(_ error: HTTPError) {
        self.init(
            ProblemKind(status: error.status), error.body ?? "\(error.status.reasonPhrase).", headers: error.headers)
    }

    static func unavailable(_ detail: String) -> ProblemError {
        ProblemError(.unavailable, detail, headers: [.retryAfter: "1"])
    }

    static func notFound(task id: UUID) -> ProblemError {
        ProblemError(.notFound, "There is no task \(id.text).")
    }

    static func notFound(task id: UUID, of workflow: String) -> ProblemError {
        ProblemError(.notFound, "There is no task \(id.text) of a workflow \(workflow).")
    }
}

extension ProblemKind {
    /// The kind for a status that comes from elsewhere.
    init(status: HTTPResponse.Status) {
        let known: [ProblemKind] = [
            .malformed, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .timeout, .conflict, .stale, .tooLarge,
            .unsupportedMediaType, .misdirected, .invalid, .tooManyRequests, .headersTooLarge, .internalError, .unavailable,
        ]
        self =
            known.first { $0.status.code == status.code }
            ?? ProblemKind(
                name: status.reasonPhrase.lowercased().replacing(" ", with: "-"), title: status.reasonPhrase, status: status)
    }
}
