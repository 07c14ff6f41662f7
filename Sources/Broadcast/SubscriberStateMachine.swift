import NIOCore

/// The handover of a stream from its replay to what is live: every event once, in order, however the two interleave.
///
/// A subscriber joins its room first, so that everything after `joinedAt` is offered to it; it then replays from its
/// cursor to there. What is offered meanwhile waits in a bounded queue. When that overflows it is dropped, and the
/// replay goes on to where it was dropped: events are in the log anyway, so nothing is lost.
package struct SubscriberStateMachine {
    private enum State {
        case replaying(Replay)
        /// Events up to `sent` have been sent already, although the room has not seen all of them yet.
        case live(sent: Int64)
        case closed
    }

    private struct Replay {
        /// Everything up to here has been sent.
        var sent: Int64
        /// The replay must reach this far; every later event is in the queue.
        var goal: Int64
        var queue: [PublishedEvent] = []
        var queuedBytes = 0
    }

    /// How a replay goes on.
    package enum ReplayAction {
        /// Read on after this position.
        case replay(after: Int64)
        /// The subscriber is live from now on; send these first.
        case goLive([PublishedEvent])
        case ignore
    }

    private var state: State
    private let queueLimit: Int

    /// - Parameters:
    ///   - position: the cursor that the subscriber gave.
    ///   - joinedAt: everything after this position will be offered.
    ///   - queueLimit: bytes that may wait during a replay.
    package init(after position: Int64, joinedAt: Int64, queueLimit: Int) {
        self.queueLimit = queueLimit
        state = .replaying(Replay(sent: position, goal: joinedAt))
    }

    /// Events have been published; answers those to send now. `through` is where the log stands with them.
    package mutating func offered(_ events: [PublishedEvent], through: Int64) -> [PublishedEvent] {
        switch state {
        case .closed:
            return []
        case .live(let sent):
            state = .live(sent: max(sent, through))
            return events.filter { $0.position > sent }
        case .replaying(var replay):
            state = .closed  // so that the queue is not copied
            for event in events where event.position > replay.sent {
                replay.queue.append(event)
                replay.queuedBytes += event.frame.chunk.readableBytes
            }
            if replay.queuedBytes > queueLimit {
                replay.queue = []
                replay.queuedBytes = 0
                replay.goal = max(replay.goal, through)
            }
            state = .replaying(replay)
            return []
        }
    }

    /// Everything up to `through` was sent (at first: nothing after the cursor).
    /// - Parameter mayGoLive: false while the connection has not taken what was sent: live events do not wait for it.
    package mutating func replayed(through: Int64, mayGoLive: Bool) -> ReplayAction {
        guard case .replaying(var replay) = state else { return .ignore }
        replay.sent = max(replay.sent, through)
        guard mayGoLive, replay.sent >= replay.goal else {
            state = .replaying(replay)
            return .replay(after: replay.sent)
        }
        let waiting = replay.queue.filter { $0.position > replay.sent }
        state = .live(sent: max(replay.sent, waiting.last?.position ?? replay.sent))
        return .goLive(waiting)
    }

    package mutating func close() {
        state = .closed
    }

    package var isReplaying: Bool {
        if case .replaying = state { true } else { false }
    }

    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Whether it can share its room's bytes when these begin after a position.
    package func isLevel(with position: Int64) -> Bool {
        if case .live(let sent) = state { sent <= position } else { false }
    }
}
