package import Store
import Workflow

/// An event with its frame: made once, shared by the ring, the rooms and the subscribers.
package final class PublishedEvent: Sendable {
    package let position: Int64
    package let type: String
    package let task: TaskFacts
    /// The status that a `task_updated` carries; nil on every other event.
    package let taskStatus: String?
    package let frame: Frame

    package init(_ row: EventRow, epoch: String) {
        position = row.position
        type = row.type
        task = row.task
        taskStatus = row.taskStatus
        frame = Frame(
            cursor: Cursor(epoch: epoch, position: row.position), event: Self.oneLine(row.type), data: row.data.bytes)
    }

    /// A type that somebody wrote into the table by hand must not break the frame.
    private static func oneLine(_ type: String) -> String {
        guard type.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return type }
        return String(type.map { $0.isNewline ? " " : $0 })
    }
}
