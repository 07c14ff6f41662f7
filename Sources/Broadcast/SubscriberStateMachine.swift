import NIOCore

/// The handover of a stream from its replay to live events, and back when its reader is slow: every event once, in order,
/// however the two interleave.
///
/// A subscriber joins its group first, so that everything after `joinedAt` is offered to it. It then replays from its
/// cursor to there. What is offered meanwhile waits in a bounded queue. When the queue overflows it is emptied, and the
/// replay goes on to the last event that was dropped. Nothing is lost, because the events are in the log.
package struct SubscriberStateMachine {
    private enum State {
        case replaying(Replay)
        /// Events up to `sent` have been sent, although the group may not have seen all of them.
        case live(sent: Int64)
        case closed
    }

    private struct Replay {
        /// Everything up to here has been sent.
        var sent: Int64
        /// The replay must reach this position. Every later event is in the queue.
        var goal: Int64
        var queue: [PublishedEvent] = []
        var queuedBytes = 0
    }

    /// What the subscriber does next.
    package enum ReplayAction {
        /// Reads on after this position.
        case replay(after: Int64)
        /// Is live from now on, and sends these events first.
        case goLive([PublishedEvent])
        case ignore
    }

    private var state: State
    private let queueLimit: Int

    /// - Parameters:
    ///   - position: the position of the stream's cursor.
    ///   - joinedAt: everything after this position will be offered.
    ///   - queueLimit: how many bytes may wait during a replay.
    package init(after position: Int64, joinedAt: Int64, queueLimit: Int) {
        self.queueLimit = queueLimit
        state = .replaying(Replay(sent: position, goal: joinedAt))
    }

    /// Events have been published up to `through`.
    /// - Returns: the events to send now.
    package mutating func offered(_ events: [PublishedEvent], through: Int64) -> [PublishedEvent] {
        switch state {
        case .closed:
            return []
        case .live(let sent):
            state = .live(sent: max(sent, through))
            return events.filter { $0.position > sent }
        case .replaying(var replay):
            state = .closed  // keeps the queue from being copied
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

    /// Everything up to `through` has been sent.
    /// - Parameter mayGoLive: false while the connection is not writable, because live events do not wait for it.
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

    /// A live subscriber's connection takes no more. It replays what it has not sent, as at its beginning.
    /// - Parameters:
    ///   - sent: everything up to this position has been sent; nil for what the machine knows of a subscriber that does not
    ///     share its group's bytes.
    ///   - joinedAt: everything after this position will be offered; nil for `sent`.
    package mutating func fellBehind(sent position: Int64?, joinedAt: Int64?) -> ReplayAction {
        guard case .live(let known) = state else { return .ignore }
        let sent = position ?? known
        state = .replaying(Replay(sent: sent, goal: joinedAt ?? sent))
        return .replay(after: sent)
    }

    package mutating func close() {
        state = .closed
    }

    /// Everything up to here has been sent to a subscriber that does not share its group's bytes; nil when it is closed.
    package var sent: Int64? {
        switch state {
        case .replaying(let replay): replay.sent
        case .live(let sent): sent
        case .closed: nil
        }
    }

    package var isReplaying: Bool {
        if case .replaying = state { true } else { false }
    }

    /// Whether the subscriber can share its group's bytes when these begin after a position.
    package func isLevel(with position: Int64) -> Bool {
        if case .live(let sent) = state { sent <= position } else { false }
    }
}
