package import Workflow

/// Where a stream begins, and what it sends before its first event.
package struct StreamStart: Sendable {
    /// Every event after this is sent.
    package var cursor: Cursor
    /// The first cursor that the reader gets. It must be one from which a reader that is cut off before the preface
    /// has arrived gets the preface again.
    package var openingCursor: Cursor?
    /// `reset` and `state`, where they apply.
    package var preface: [Frame]
    /// Of a stream that ends with its task.
    package var taskEnd: TaskEnd?

    package init(cursor: Cursor, openingCursor: Cursor?, preface: [Frame] = [], taskEnd: TaskEnd? = nil) {
        self.cursor = cursor
        self.openingCursor = openingCursor
        self.preface = preface
        self.taskEnd = taskEnd
    }
}
