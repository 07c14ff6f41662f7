/// Why a stream cannot be read on, however often one reconnects.
public struct EventStreamError: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable {
        /// A line or an event is longer than the bound.
        case tooLong = "too_long"
        /// The answer was neither 200 nor 204.
        case badStatus = "bad_status"
        /// The answer was no `text/event-stream`.
        case badContentType = "bad_content_type"
        /// As many attempts failed in a row as the policy allows.
        case unreachable
    }

    public let code: Code
    /// What happened, for people.
    public let message: String
    /// The HTTP status, where one was received.
    public let status: Int?
    /// The body of a bad answer, at most 64 KiB; usually problem details.
    public let body: [UInt8]

    init(_ code: Code, _ message: String, status: Int? = nil, body: [UInt8] = []) {
        self.code = code
        self.message = message
        self.status = status
        self.body = body
    }

    static func tooLong(limit: Int) -> EventStreamError {
        EventStreamError(.tooLong, "a line or an event is longer than \(limit) bytes")
    }
}

extension EventStreamError: CustomStringConvertible {
    public var description: String { message }
}
