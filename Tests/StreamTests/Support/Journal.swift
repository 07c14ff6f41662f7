import Synchronization

/// What each part of a story did last, to tell who is stuck when it does not end.
final class Journal: Sendable {
    private let notes = Mutex<[String: String]>([:])

    func note(_ who: String, _ what: String) {
        notes.withLock { $0[who] = what }
    }

    var text: String {
        notes.withLock { notes in notes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n") }
    }
}
