import Foundation
import Hummingbird
import Workflow

extension PressroomRequestContext {
    /// A part of the path that is an id.
    func uuid(_ name: String) throws(ProblemError) -> UUID {
        let text = try text(name)
        guard let id = UUID(strict: text) else {
            throw ProblemError(
                .malformed, "\(name) in the path is not a UUID.",
                errors: [Problem(pointer: "/path/\(name)", detail: "must be a UUID")])
        }
        return id
    }

    /// A part of the path, decoded.
    func text(_ name: String) throws(ProblemError) -> String {
        guard let text = parameters.get(name)?.strictlyPercentDecoded, !text.isEmpty else {
            throw ProblemError(
                .malformed, "\(name) in the path is not valid percent-encoded UTF-8.",
                errors: [Problem(pointer: "/path/\(name)", detail: "is not valid percent-encoded UTF-8")])
        }
        return text
    }
}
