import Base

/// Waits for a signal from the application.
package struct SignalPhase: Sendable, Hashable {
    /// The signal's name in `POST …/signals/{name}`.
    package var name: String
    /// How long to wait; nil for ever.
    package var timeout: Duration?

    package init(name: String, timeout: Duration? = nil) {
        self.name = name
        self.timeout = timeout
    }
}

extension SignalPhase {
    /// Without a `name`, the signal has the id of the phase for its name.
    init?(reading phase: PhaseReader, id: String) {
        let name = phase.reader.text("name", maxLength: 10_000) ?? id
        if !name.isEmpty, !NamePattern.isIdentifier(name) { phase.reader.report(NamePattern.identifierRule, at: "name") }
        // `PhaseReader` reports a wrong timeout.
        let timeout = phase.reader.value("timeout")?.string.flatMap(DurationText.parse)
        self.init(name: name, timeout: timeout)
    }
}
