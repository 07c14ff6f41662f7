package import Workflow

extension PressroomError {
    /// Reads problem details (RFC 9457); what is none is told by its status.
    package init(status: Int, body: [UInt8], retryAfter: String? = nil) {
        let problem = try? JSON(parsing: body)
        self.init(
            code: .refused, type: problem?["type"]?.string, status: status,
            title: problem?["title"]?.string ?? "the service answered \(status)",
            detail: problem?["detail"]?.string,
            problems: problem?["errors"].map(InputProblem.list) ?? [],
            retryAfter: retryAfter.flatMap { Int($0) })
    }

    /// What a stream's failure means to the caller of the client.
    package init(_ error: EventStreamError) {
        switch error.code {
        case .badStatus: self.init(status: error.status ?? 0, body: error.body)
        case .unreachable: self.init(code: .unreachable, title: error.message)
        case .badContentType, .tooLong: self.init(code: .invalidResponse, title: error.message)
        }
    }
}

extension PressroomError.InputProblem {
    /// Reads `[{"pointer", "detail", "line"?}]`; what has another form is skipped.
    package static func list(_ json: JSON) -> [PressroomError.InputProblem] {
        (json.array ?? []).compactMap { entry in
            guard let detail = entry["detail"]?.string else { return nil }
            return PressroomError.InputProblem(
                pointer: entry["pointer"]?.string ?? "", detail: detail, line: entry["line"]?.int)
        }
    }
}
