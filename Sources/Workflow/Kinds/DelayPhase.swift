import Base

/// Waits for a while, or until a point in time.
package enum DelayPhase: Sendable, Hashable {
    case `for`(Duration)
    /// A time in the format of RFC 3339, or a Mustache template that renders one.
    case until(String)
}

extension DelayPhase {
    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let duration = reader.duration("for")
        let until = reader.text("until", maxLength: 1_000)
        switch (reader.value("for") != nil, reader.value("until") != nil) {
        case (true, false):
            guard let duration else { return nil }
            self = .for(duration)
        case (false, true):
            guard let until, Self.check(until, reader) else { return nil }
            self = .until(until)
        default:
            reader.problems.report("must have either 'for' or 'until'", at: reader.pointer)
            return nil
        }
    }

    private static func check(_ until: String, _ reader: ObjectReader) -> Bool {
        if until.contains("{{") { return reader.template("until") != nil }
        guard Timestamp(rfc3339: until) != nil else {
            reader.report("must be a time such as 2026-01-31T12:00:00Z, or a template that brings one", at: "until")
            return false
        }
        return true
    }
}
