import Foundation
import Store

/// The tasks whose outputs have changed lately, as the streams have been told: a text of another node that was read
/// before such a change may have ended with it.
struct OutputChanges: Sendable {
    private var positions: [UUID: Int64] = [:]
    /// After this position every change is noticed; nil while nobody looks at other nodes' texts.
    private var since: Int64?

    /// - Parameter published: everything up to here has been sent to the streams.
    mutating func watch(from published: Int64) {
        since = since ?? published
    }

    mutating func unwatch() {
        self = OutputChanges()
    }

    mutating func add(_ events: [PublishedEvent]) {
        guard since != nil else { return }
        for event in events where event.type == "output_updated" { positions[event.task.taskID] = event.position }
    }

    /// Whether a text that was in progress when the log stood at `seenAt` is so still, as far as the streams know.
    func isCurrent(_ taskID: UUID, seenAt: Int64) -> Bool {
        guard let since else { return false }
        return seenAt >= max(since, positions[taskID] ?? 0)
    }

    /// Everything read from now on is at least as new as this.
    mutating func forget(through position: Int64) {
        positions = positions.filter { $0.value > position }
    }
}
