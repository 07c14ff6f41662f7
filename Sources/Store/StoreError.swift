import Base
package import Workflow

/// Why the store refused a request; the tables are unchanged.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        package let rawValue: String
        /// No such row in the scope's tenant.
        package static let notFound = Code(rawValue: "not_found")
        /// The row is in a state that does not allow it, or something with that key exists already.
        package static let conflict = Code(rawValue: "conflict")
        /// `If-Match` named another version than the row's.
        package static let stale = Code(rawValue: "stale")
        /// Well-formed, but invalid; see `problems`.
        package static let invalid = Code(rawValue: "invalid")
    }

    package let code: Code
    package let message: String
    package var problems: [Problem] = []
    /// The current status of the row, where that is why.
    package var status: String?

    package init(_ code: Code, _ message: String, problems: [Problem] = [], status: String? = nil) {
        self.code = code
        self.message = message
        self.problems = problems
        self.status = status
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
