import Base
import Foundation
import NIOCore
import NIOPosix
import Store
import Synchronization
import Testing
import Workflow

@testable import Broadcast

@Suite("Texts in progress")
struct LiveTextTests {
    let taskID = UUID()
    let outputID = UUID()
    let stepID = UUID()

    private func delta(_ offset: Int, _ text: String, version: Int = 1, attempt: Int = 1) -> LiveDelta {
        LiveDelta(
            tenantID: "t", taskID: taskID, subject: .draft(outputID, version: version), run: run(attempt), offset: offset,
            text: text)
    }

    /// A piece of what the step writes that is no draft.
    private func answer(_ offset: Int, _ text: String, attempt: Int = 1) -> LiveDelta {
        LiveDelta(
            tenantID: "t", taskID: taskID, subject: .answer(of: run(attempt)), run: run(attempt), offset: offset, text: text)
    }

    private func run(_ attempt: Int) -> TextRun { TextRun(stepID: stepID, attempt: attempt) }

    private func board() -> LiveTextBoard { LiveTextBoard(textLimit: 1000, countLimit: 2) }

    @Test("offsets count UTF-16 units")
    func utf16() {
        var board = board()
        _ = board.add(delta(0, "a😀"))
        guard case .delivered = board.add(delta(3, "b")) else {
            Issue.record("an emoji is two units")
            return
        }
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).map(\.text) == ["a😀b"])
    }

    @Test("a piece that does not fit is not passed on", arguments: [1, 4, 100])
    func misfit(offset: Int) {
        var board = board()
        _ = board.add(delta(0, "abc"))
        guard case .ignored = board.add(delta(offset, "x")) else {
            Issue.record("offset \(offset) does not continue a text of 3")
            return
        }
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).map(\.text) == ["abc"])
    }

    @Test("offset 0 begins again, and the end forgets")
    func replace() {
        var board = board()
        _ = board.add(delta(0, "first"))
        _ = board.add(delta(0, "second", version: 2))
        let wholes = board.wholes(tenantID: "t", filter: StreamFilter(taskIDs: [taskID]))
        #expect(wholes.map(\.text) == ["second"])
        #expect(wholes.map(\.subject.number) == [2])
        board.end(tenantID: "t", textID: outputID, run: run(1))
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).isEmpty)
    }

    @Test("an attempt that lost its step neither writes into the next one's text nor ends it")
    func attempts() {
        var board = board()
        _ = board.add(delta(0, "old"))
        _ = board.add(delta(0, "new", attempt: 2))
        for late in [delta(3, "er"), delta(0, "older")] {
            guard case .ignored = board.add(late) else {
                Issue.record("the first attempt still writes at \(late.offset)")
                return
            }
        }
        board.end(tenantID: "t", textID: outputID, run: run(1))
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).map(\.text) == ["new"])
        board.end(tenantID: "t", textID: outputID, run: run(2))
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).isEmpty)
    }

    @Test("narrower streams get a text once its task is known")
    func lookup() {
        var board = board()
        _ = board.add(delta(0, "abc"))
        let filter = StreamFilter(conversationID: "c")
        #expect(board.wholes(tenantID: "t", filter: filter).isEmpty)
        #expect(board.unknownTasks(tenantID: "t") == [taskID])
        let learnt = board.learn(TaskFacts(taskID: taskID, conversationID: "c"), tenantID: "t")
        #expect(learnt.map(\.text) == ["abc"])
        #expect(board.unknownTasks(tenantID: "t").isEmpty)
        #expect(board.wholes(tenantID: "t", filter: filter).map(\.text) == ["abc"])
    }

    @Test("another node's text is not offered while it is uncertain whether it goes on, and is owed then")
    func uncertain() {
        var board = board()
        var changes = RowChanges()
        func wholes() -> [String] { board.wholes(tenantID: "t", filter: StreamFilter(), changes: changes).map(\.text) }
        func see(_ position: Int64) -> [String] { board.sawOthers(tenantID: "t", at: position, changes: changes).map(\.text) }
        _ = board.add(delta(0, "abc"), seenAt: 5)
        #expect(wholes() == [], "nobody watches")
        changes.watch(from: 5)
        #expect(wholes() == ["abc"])
        changes.add([Samples.event(7, type: "output_updated", task: TaskFacts(taskID: taskID))])
        #expect(wholes() == [])
        // Its task is looked up at this moment.
        let learnt = board.learn(TaskFacts(taskID: taskID), tenantID: "t", changes: changes)
        #expect(learnt.map(\.text) == [])
        let tooEarly = see(6)
        #expect(tooEarly == [])
        let owed = see(7)
        #expect(owed == ["abc"])
        let owedAgain = see(8)
        #expect(owedAgain == [])
        #expect(wholes() == ["abc"])
    }

    @Test("a step's text may have ended with its step, and a draft with its output")
    func owners() {
        var board = board()
        var changes = RowChanges()
        changes.watch(from: 5)
        _ = board.add(delta(0, "draft"), seenAt: 5)
        _ = board.add(answer(0, "reasons"), seenAt: 5)
        func wholes() -> Set<String> {
            Set(board.wholes(tenantID: "t", filter: StreamFilter(), changes: changes).map(\.text))
        }
        #expect(wholes() == ["draft", "reasons"])
        changes.add([Samples.event(6, type: "step_updated", task: TaskFacts(taskID: taskID))])
        #expect(wholes() == ["draft"])
        changes.add([Samples.event(7, type: "output_updated", task: TaskFacts(taskID: taskID))])
        #expect(wholes() == [])
    }

    @Test("a step's next attempt begins its text anew, and a later one of the draft is another text")
    func answers() {
        var board = board()
        _ = board.add(delta(0, "draft"))
        _ = board.add(answer(0, "old"))
        _ = board.add(answer(0, "new", attempt: 2))
        for late in [answer(3, "er"), answer(0, "older")] {
            guard case .ignored = board.add(late) else {
                Issue.record("the first attempt still writes at \(late.offset)")
                return
            }
        }
        board.end(tenantID: "t", textID: stepID, run: run(1))
        let texts = { board.wholes(tenantID: "t", filter: StreamFilter()).map(\.text).sorted() }
        #expect(texts() == ["draft", "new"])
        board.end(tenantID: "t", textID: stepID, run: run(2))
        #expect(texts() == ["draft"])
    }

    @Test("a types filter leaves them out, each by itself")
    func types() {
        var board = board()
        _ = board.add(delta(0, "abc"))
        _ = board.add(answer(0, "why"))
        for (type, text) in [("output_delta", "abc"), ("step_delta", "why")] {
            #expect(board.wholes(tenantID: "t", filter: StreamFilter(types: [type])).map(\.text) == [text])
        }
        #expect(board.wholes(tenantID: "t", filter: StreamFilter(types: ["custom"])).isEmpty)
        #expect(board.wholes(tenantID: "t", filter: StreamFilter(types: ["output_delta"])).count == 1)
    }

    @Test("a text beyond its bound goes on for those who follow it")
    func bound() {
        var board = LiveTextBoard(textLimit: 4, countLimit: 2)
        _ = board.add(delta(0, "abcd"))
        guard case .delivered = board.add(delta(4, "e")), case .delivered = board.add(delta(5, "f")) else {
            Issue.record("it should go on")
            return
        }
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).isEmpty)
    }

    @Test("a text beyond the count goes on for those who follow it, and is not kept")
    func count() {
        var board = LiveTextBoard(textLimit: 1000, countLimit: 0)
        for (offset, text) in ["a", "b", "c"].enumerated() {
            guard case .delivered(let piece) = board.add(delta(offset, text)) else {
                Issue.record("offset \(offset) should be passed on")
                return
            }
            #expect(piece.text == text)
        }
        #expect(board.wholes(tenantID: "t", filter: StreamFilter()).isEmpty)
    }

    @Test("a log is looked at when somebody begins to follow it, also for the task of a text that began before")
    func followed() {
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let lookups = Mutex<[String]>([])
        hub.listenForLookups { tenantID in lookups.withLock { $0.append(tenantID) } }
        hub.publish(.delta(delta(0, "abc")))
        #expect(lookups.withLock { $0 } == [])
        hub.follow(LogHead(tenantID: "t", epoch: "e", position: 0, pruned: 0))
        hub.follow(LogHead(tenantID: "t", epoch: "e", position: 0, pruned: 0))
        #expect(lookups.withLock { $0 } == ["t"])
        #expect(hub.unknownTasks(tenantID: "t") == [taskID])
    }

    /// Each lookup once made the next one slower, and after enough of them the stack was too small for one.
    @Test("a node that has looked up many tasks looks up the next one like the first", .timeLimit(.minutes(1)))
    func manyLookups() {
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let lookups = Mutex(0)
        hub.listenForLookups { _ in lookups.withLock { $0 += 1 } }
        for _ in 0..<1_000_000 { hub.askForLookup("t") }
        #expect(lookups.withLock { $0 } == 1_000_000)
    }

    @Test("pieces that follow each other become one")
    func merge() {
        var mailbox = Mailbox()
        let calls = ["a", "b", "c"].enumerated().map { mailbox.put(.text(TextDelta(delta($0, $1), task: nil))) }
        #expect(calls == [true, false, false])
        let texts = mailbox.takeAll().compactMap { if case .text(let delta) = $0 { delta.text } else { nil } }
        #expect(texts == ["abc"])
        let isCalledAgain = mailbox.put(.text(TextDelta(delta(3, "d"), task: nil)))
        #expect(isCalledAgain)
    }

    @Test("the frame")
    func frame() {
        let frame = TextDelta(delta(7, "say \"hi\"\n"), task: nil).frame
        #expect(
            String(buffer: frame.plain) == """
                event: output_delta
                data: {"type":"output_delta","task_id":"\(taskID.text)","output_id":"\
                \(outputID.text)","version_number":1,"offset":7,"text":"say \\"hi\\"\\n"}


                """)
        let ofStep = TextDelta(answer(0, "why", attempt: 2), task: nil).frame
        #expect(
            String(buffer: ofStep.plain) == """
                event: step_delta
                data: {"type":"step_delta","task_id":"\(taskID.text)","step_id":"\(stepID.text)","attempt":2,"offset":0,\
                "text":"why"}


                """)
    }
}
