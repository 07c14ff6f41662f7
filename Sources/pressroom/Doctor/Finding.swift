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

    init(_ subject: String, _ status: Status, _ text: String) {
        self.subject = subject
        self.status = status
        self.text = text
    }

    var json: JSON {
        ["subject": .string(subject), "status": .string(status.rawValue), "text": .string(text)]
    }
}
