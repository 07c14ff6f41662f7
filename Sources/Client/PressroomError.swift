import Base
import Foundation
import NIOCore
import NIOPosix
import Workflow

/// Why a call of `PressroomClient` failed.
public struct PressroomError: Error, Sendable, Hashable {
    /// The kind of failure; decide by it and by `status`, never by a message.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No server responded at the address, or not in time.
        public static let unreachable = Code(rawValue: "unreachable")
        /// The service returned an error; `status`, `title`, `detail` and `problems` describe it.
        public static let refused = Code(rawValue: "refused")
        /// The response is not one of Pressroom's; another service may listen at the address.
        public static let invalidResponse = Code(rawValue: "invalid_response")
        /// An argument cannot be sent.
        public static let invalidArgument = Code(rawValue: "invalid_argument")
    }

    /// One mistake in what was sent.
    public struct InputProblem: Sendable, Hashable {
        /// A JSON Pointer (RFC 6901) into what was sent; empty for the whole of it.
        public let pointer: String
        /// The end of a sentence about that place: "is required".
        public let detail: String
        /// The line in a YAML or JSON definition, counted from 1, where it is known.
        public let line: Int?

        public init(pointer: String, detail: String, line: Int? = nil) {
            self.pointer = pointer
            self.detail = detail
            self.line = line
        }
    }

    public let code: Code
    /// The problem's `type`: a URI that names the kind of problem; nil without problem details.
    public let type: String?
    /// The HTTP status; nil without a response.
    public let status: Int?
    /// The problem's `title`, or what went wrong.
    public let title: String
    public let detail: String?
    /// What is wrong with the input, in the order of the response.
    public let problems: [InputProblem]
    /// `Retry-After`, in seconds, where the service gave it.
    public let retryAfter: Int?

    public init(
        code: Code, type: String? = nil, status: Int? = nil, title: String, detail: String? = nil, problems: [InputProblem] = [],
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.type = type
        self.status = status
        self.title = title
        self.detail = detail
        self.problems = problems
        self.retryAfter = retryAfter
    }
}

extension PressroomError.InputProblem: CustomStringConvertible {
    public var description: String {
        (line.map { "line \($0): " } ?? "") + "\(pointer.isEmpty ? "the document" : pointer) \(detail)"
    }
}

extension PressroomError: CustomStringConvertible {
    /// One line, and one more for each problem that the first does not name.
    public var description: String {
        var first = title
        if let detail, detail != title { first += ": " + detail }
        let isNamed = problems.count == 1 && problems.allSatisfy { first.contains($0.detail) }
        return ([first] + (isNamed ? [] : problems.map { "  \($0)" })).joined(separator: "\n")
    }
}

extension PressroomError {
    /// Reads problem details (RFC 9457); without them, the title names the status.
    init(status: Int, body: [UInt8], retryAfter: String? = nil) {
        let problem = try? JSON(parsing: body)
        self.init(
            code: .refused, type: problem?["type"]?.string, status: status,
            title: problem?["title"]?.string ?? "the service answered \(status)",
            detail: problem?["detail"]?.string,
            problems: problem?["errors"].map(InputProblem.list) ?? [],
            retryAfter: retryAfter.flatMap { Int($0) })
    }

    /// The failure of a stream as an error of the client.
    init(_ error: EventStreamError) {
        switch error.code {
        case .badStatus: self.init(status: error.status ?? 0, body: error.body)
        case .unreachable: self.init(code: .unreachable, title: error.message)
        case .badContentType, .tooLong: self.init(code: .invalidResponse, title: error.message)
        }
    }
}

extension PressroomError.InputProblem {
    /// Reads `[{"pointer", "detail", "line"?}]`; what has another form is skipped.
    static func list(_ json: JSON) -> [PressroomError.InputProblem] {
        (json.array ?? []).compactMap { entry in
            guard let detail = entry["detail"]?.string else { return nil }
            return PressroomError.InputProblem(
                pointer: entry["pointer"]?.string ?? "", detail: detail, line: entry["line"]?.int)
        }
    }
}

/// Why a connection failed, in the operating system's words where they are known.
enum ConnectionReason {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            // One error for each address; they rarely differ.
            (error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError).map(text) ?? "\(error)"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
