import Testing

@testable import Broadcast

@Suite("The end of a task's stream")
struct TaskEndTests {
    @Test("a task that goes on has none")
    func goesOn() {
        let end = TaskEnd(status: "running", position: 5)
        #expect(!end.isInSight)
        #expect(end.status(sentThrough: 1000) == nil)
    }

    @Test("a terminal task ends once everything up to there is sent", arguments: ["completed", "failed", "cancelled"])
    func terminal(status: String) {
        let end = TaskEnd(status: status, position: 5)
        #expect(end.status(sentThrough: 4) == nil)
        #expect(end.status(sentThrough: 5) == status)
    }

    @Test("what follows in the same transaction is sent first")
    func sameTransaction() {
        var end = TaskEnd(status: "running", position: 5)
        end.saw(status: "completed", at: 8, head: 12)
        #expect(end.status(sentThrough: 11) == nil)
        #expect(end.status(sentThrough: 12) == "completed")
    }

    @Test("a retry takes the end back")
    func retry() {
        var end = TaskEnd(status: "failed", position: 5)
        end.saw(status: "running", at: 6, head: 6)
        #expect(end.status(sentThrough: 6) == nil)
        end.saw(status: "completed", at: 9, head: 9)
        #expect(end.status(sentThrough: 9) == "completed")
    }

    @Test("older events change nothing")
    func older() {
        var end = TaskEnd(status: "running", position: 9)
        end.saw(status: "failed", at: 4, head: 9)
        #expect(end.status(sentThrough: 100) == nil)
    }
}
