import Workflow

/// One thing that the doctor looked at.
struct Finding {
    enum Status: String {
        case ok
        /// Works, but perhaps not as one expects.
        case warning
        case failed
    }

    var subject: String
    var status: Status
    /// What was found and, unless all is well, how to mend it.
    var text: String
    /// Of an invariant: in how many places it is broken, and some of them.
    var violations: Int?
    var samples: [String] = []

    init(_ subject: String, _ status: Status, _ text: String) {
        self.subject = subject
        self.status = status
        self.text = text
    }

    var json: JSON {
        var members: [String: JSON] = [
            "subject": .string(subject), "status": .string(status.rawValue), "text": .string(text),
        ]
        if let violations {
            members["violations"] = .integer(Int64(violations))
            members["samples"] = .array(samples.map(JSON.string))
        }
        return .object(members)
    }
}
