import Synchronization

/// The position of a story's last event, once it is written.
final class StoryEnd: Sendable {
    private let value = Mutex<Int64?>(nil)

    var position: Int64? { value.withLock { $0 } }

    func set(_ position: Int64) {
        value.withLock { $0 = position }
    }
}
