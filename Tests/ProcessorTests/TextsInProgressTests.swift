import Base
import Foundation
import Synchronization
import Testing
import Workflow

@testable import Processor
@testable import Store

@Suite("Texts that this node's models write")
struct TextsInProgressTests {
    /// What was published, for reading.
    private final class Published: Sendable {
        private let events = Mutex<[String]>([])

        var all: [String] { events.withLock { $0 } }

        func add(_ event: LiveTextEvent) {
            let text =
                switch event {
                case .delta(let delta): "\(delta.run.attempt): \(delta.text) at \(delta.offset)"
                case .ended(_, _, _, let run): "\(run.attempt): ended"
                }
            events.withLock { $0.append(text) }
        }
    }

    private let outputID = UUID()
    private let stepID = UUID()
    private let taskID = UUID()
    private let published = Published()
    private let texts: TextsInProgress

    init() {
        texts = TextsInProgress { [published] in published.add($0) }
    }

    private func step(_ attempt: Int) -> ClaimedStep {
        ClaimedStep(
            tenantID: "t", taskID: taskID, id: stepID, phaseID: UUID(), outputID: outputID, kind: .write, agent: nil,
            model: nil, attempt: attempt, input: [:])
    }

    @Test("A text that another model begins anew replaces what there was")
    func restart() {
        append("One ", attempt: 2)
        _ = texts.takeUnsaved()
        texts.restart(.draft(outputID, version: 1), of: step(1))
        append("two", attempt: 2)
        texts.restart(.draft(outputID, version: 1), of: step(2))
        // Nothing is saved until something is written.
        #expect(texts.takeUnsaved().isEmpty)
        append("Three", attempt: 2)
        #expect(texts.takeUnsaved().map(\.text) == ["Three"])
        #expect(published.all == ["2: One  at 0", "2: two at 4", "2: Three at 0"])
    }

    private func append(_ text: String, attempt: Int) {
        texts.append(text, to: .draft(outputID, version: 1), of: step(attempt))
    }

    @Test("An attempt that still writes after the next one has begun is left out, and its end is not the text's")
    func attempts() {
        append("one", attempt: 1)
        append("two", attempt: 2)
        append("late", attempt: 1)
        texts.end(FinishedStep(step(1), .handedBack))
        append("!", attempt: 2)
        #expect(texts.takeUnsaved().map(\.text) == ["two!"])
        texts.end(FinishedStep(step(2), .handedBack))
        texts.end(FinishedStep(step(2), .handedBack))
        #expect(published.all == ["1: one at 0", "2: two at 0", "2: ! at 3", "2: ended"])
        #expect(texts.takeUnsaved().isEmpty)
    }

    @Test("A text is saved when it has grown, whole")
    func unsaved() {
        append("a", attempt: 1)
        #expect(texts.takeUnsaved().map(\.text) == ["a"])
        #expect(texts.takeUnsaved().isEmpty)
        append("\0", attempt: 1)
        #expect(texts.takeUnsaved().isEmpty)
        append("😀\0b", attempt: 1)
        append("c", attempt: 1)
        #expect(texts.takeUnsaved().map(\.text) == ["a😀bc"])
        #expect(published.all == ["1: a at 0", "1: 😀b at 1", "1: c at 4"])
    }

    @Test("What a step writes that is no draft has a text of its own, which is not saved after its run")
    func answers() {
        func write(_ text: String, _ attempt: Int) {
            texts.append(text, to: .answer(of: TextRun(stepID: stepID, attempt: attempt)), of: step(attempt))
        }
        append("draft", attempt: 1)
        write("why", 1)
        #expect(texts.takeUnsaved().map(\.text).sorted() == ["draft", "why"])
        write(" not", 1)
        let wasSaved = texts.close(step(1))
        #expect(wasSaved)
        #expect(texts.takeUnsaved().isEmpty)
        write("anew", 2)
        let wasNextSaved = texts.close(step(2))
        #expect(!wasNextSaved)
        texts.end(FinishedStep(step(2), .handedBack))
        #expect(published.all == ["1: draft at 0", "1: why at 0", "1:  not at 3", "2: anew at 0", "2: ended"])
    }
}
