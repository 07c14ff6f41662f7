package import Base
import Foundation
package import Postgres
import Workflow

/// Why the store refused a request; the tables are unchanged.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        package let rawValue: String
        /// No such row in the scope's tenant.
        package static let notFound = Code(rawValue: "not_found")
        /// The row is in a state that does not allow it, or something with that key exists already.
        package static let conflict = Code(rawValue: "conflict")
        /// The row is there for others than the caller.
        package static let forbidden = Code(rawValue: "forbidden")
        /// `If-Match` named another version than the row's.
        package static let stale = Code(rawValue: "stale")
        /// Well-formed, but invalid; see `problems`.
        package static let invalid = Code(rawValue: "invalid")
        /// A row has a value that the service cannot read, and has not written.
        package static let unreadable = Code(rawValue: "unreadable")
    }

    package let code: Code
    package let message: String
    package var problems: [Problem] = []
    /// The current status of the row, where it is the reason.
    package var status: String?

    package init(_ code: Code, _ message: String, problems: [Problem] = [], status: String? = nil) {
        self.code = code
        self.message = message
        self.problems = problems
        self.status = status
    }

    package var description: String { "\(code.rawValue): \(message)" }

    static func noTask(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no task \(id.text).")
    }

    /// - Parameter wanted: the versions of `If-Match`; nil for any.
    /// - Throws: `stale` when the row has another.
    package static func require(_ wanted: RowVersions?, ofVersion version: Int64, _ row: String) throws(StoreError) {
        guard let wanted, !wanted.contains(String(version)) else { return }
        throw StoreError(.stale, "The \(row) is at version \(version), not \(wanted).")
    }
}

/// The versions of `If-Match`, one of which a row must have.
package struct RowVersions: Sendable, Hashable, CustomStringConvertible {
    private let tags: [String]

    package init(_ tags: [String]) {
        self.tags = tags
    }

    package func contains(_ tag: String) -> Bool { tags.contains(tag) }

    package var description: String { tags.prefix(5).joined(separator: " or ") }
}

/// How long a client's request waits for a row that another session holds.
let heldRowTimeout: Duration = .seconds(2)

/// Turns the failure to get a row in time into an error that a client understands.
///
/// - Parameter row: what another session holds.
/// - Throws: `StoreError` `conflict` in place of SQLSTATE 55P03; everything else as it is.
func refusingHeldRows<T>(_ row: String = "a row of the task", _ body: () async throws -> T) async throws -> T {
    do {
        return try await body()
    } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.lockNotAvailable {
        throw StoreError(.conflict, "Another session holds \(row). Try again.")
    }
}

extension PostgresError {
    /// The database as a whole could not be reached, or the connection was lost; the same may work later.
    package var isConnectionProblem: Bool {
        if [.connectionFailed, .connectionLost, .poolTimeout, .shutdown].contains(code) { return true }
        // Class 08: connection exceptions. 57P01–57P03: the server is being stopped or started. 25P03, 57P05: it has ended
        // an idle session.
        return sqlState.map { $0.hasPrefix("08") || ["57P01", "57P02", "57P03", "25P03", "57P05"].contains($0) } ?? false
    }
}
