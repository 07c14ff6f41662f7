package import Workflow

/// All that the tables hold of one task at `cursor`: the body of `GET …/state`.
package struct TaskState: Sendable {
    package let json: JSONText
    package let cursor: Cursor
    package let isTerminal: Bool

    package init(json: JSONText, cursor: Cursor, isTerminal: Bool) {
        self.json = json
        self.cursor = cursor
        self.isTerminal = isTerminal
    }
}
