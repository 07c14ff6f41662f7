import Store
import Synchronization
import Workflow

/// The text of one run that readers see while its model writes.
final class LiveAnswer: Sendable {
    private struct State {
        var excerpt = LiveExcerpt.text
        var reader = ExcerptReader(.text)
        /// What a call that is over has written of the text, which the next one goes on with.
        var kept = ""
    }

    private let texts: TextsInProgress
    private let step: ClaimedStep
    private let subject: TextSubject
    /// Whether an answer that may yet be refused is shown.
    private let showsUnread: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - version: the version that the text will be where the step writes a draft.
    ///   - capture: how much of the calls is kept. With `none` no part of an answer may be saved that is kept only where the
    ///     whole can be read.
    init(_ texts: TextsInProgress, of step: ClaimedStep, version: Int, capture: CallCapture) {
        self.texts = texts
        self.step = step
        subject =
            if let outputID = step.outputID, step.kind.writesDraft {
                .draft(outputID, version: version)
            } else {
                .answer(of: TextRun(stepID: step.id, attempt: step.attempt))
            }
        showsUnread = capture != .none
    }

    /// Shows a part of the answer that comes.
    /// - Returns: what takes the answer's pieces; nil where nothing may be shown.
    func show(_ excerpt: LiveExcerpt) -> (@Sendable (String) async -> Void)? {
        guard showsUnread || !excerpt.isOfStructure else { return nil }
        state.withLock { $0 = State(excerpt: excerpt, reader: ExcerptReader(excerpt)) }
        // The texts that come in the most pieces need no reading.
        guard excerpt.isOfStructure else { return { [texts, subject, step] in texts.append($0, to: subject, of: step) } }
        return { [self] piece in
            let text = state.withLock { $0.reader.read(piece) }
            if !text.isEmpty { texts.append(text, to: subject, of: step) }
        }
    }

    /// The next call goes on with this text.
    func keep(_ text: String) {
        state.withLock { $0.kept = text }
    }

    /// What the call has written is void: another model begins it anew.
    func restart() {
        let kept = state.withLock { state in
            state.reader = ExcerptReader(state.excerpt)
            return state.kept
        }
        texts.restart(subject, of: step)
        if !kept.isEmpty { texts.append(kept, to: subject, of: step) }
    }
}

extension StepKind {
    /// Whether the answer to the step is a draft.
    fileprivate var writesDraft: Bool { self == .write || self == .rewrite }
}
