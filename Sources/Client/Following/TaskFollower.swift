import Base
import Workflow

/// A task's state, then its state after each event, up to the last.
///
/// Restores by `GET …/state`, follows the stream from that cursor and folds the events in, so that every element is
/// what the tables held at its cursor. Ends when the task does; throws what `EventSource` throws, as `PressroomError`.
public struct TaskFollower: AsyncSequence, Sendable {
    /// A new state, and what led to it.
    public struct Element: Sendable {
        /// Put together when asked for.
        public var state: TaskState { TaskState(document: Document(fold.state ?? [:])) }
        /// Nil for the restored state at the beginning.
        public let event: ServerSentEvent?

        let fold: TaskFold
    }

    let client: PressroomClient
    let taskID: String
    let policy: ReconnectPolicy
    let onReconnect: (@Sendable (EventSource.Reconnection) -> Void)?

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(follower: self)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let follower: TaskFollower
        private var fold = TaskFold()
        private var events: EventSource.AsyncIterator?
        private var isFinished = false

        init(follower: TaskFollower) {
            self.follower = follower
        }

        /// The next state; nil after the task's end, and after an error.
        public mutating func next() async throws -> Element? {
            guard !isFinished else { return nil }
            do {
                let element = try await advance()
                if element == nil { isFinished = true }
                return element
            } catch {
                isFinished = true
                throw (error as? EventStreamError).map(PressroomError.init) ?? error
            }
        }

        private mutating func advance() async throws -> Element? {
            guard var events else { return try await restore() }
            while let event = try await events.next() {
                let outcome = try fold.apply(eventName: event.name, id: event.ownID, dataJSON: event.data)
                self.events = events
                switch outcome {
                // They carry nothing but the place in the log.
                case .ignored where event.name == "opened" || event.name == "heartbeat": continue
                case .changed, .ignored:
                    // An element for what changes no row too: a page shows custom events.
                    guard fold.cursor != nil else { continue }
                    return Element(event: event, fold: fold)
                case .reset: continue
                case .ended: return nil
                }
            }
            return nil
        }

        private mutating func restore() async throws -> Element {
            let state = try await follower.client.taskState(follower.taskID)
            fold = try TaskFold(state: state.document.json)
            events = follower.client.events(
                of: follower.taskID, after: state.cursor, policy: follower.policy, onReconnect: follower.onReconnect
            ).makeAsyncIterator()
            return Element(event: nil, fold: fold)
        }
    }
}
