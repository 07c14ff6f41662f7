import NIOCore
import Workflow

extension Subscriber {
    /// Joins the room and sends the first bytes.
    func begin(_ start: StreamStart, retry: Duration) -> Step {
        // Who joins before the hub drains is drained with the others; nobody joins afterwards.
        if hub.isDraining { finish(.finished) }
        guard !isOver else { return .over }
        epoch = start.cursor.epoch
        guard let joined = rooms.join(self) else {
            finish(.reset(.epoch))
            return .over
        }
        machine = SubscriberStateMachine(
            after: start.cursor.position, joinedAt: joined, queueLimit: hub.configuration.queueLimit)
        taskEnd = start.taskEnd
        var frames = start.preface
        if !isOpened { frames.insert(.opening(retry: retry, cursor: start.openingCursor), at: 0) }
        isOpened = true
        send(Self.bytes(of: frames, request.framing))
        return advance(through: start.cursor.position)
    }

    /// Sends a page of the replay. `events` may hold types that the stream does not want.
    func replayed(_ events: [PublishedEvent], through: Int64, head: Int64) -> Step {
        guard !isOver else { return .over }
        for event in events {
            if let status = event.taskStatus { taskEnd?.saw(status: status, at: event.position, head: head) }
        }
        send(
            Self.bytes(of: events.filter { request.filter.matches(type: $0.type) }.map(\.frame), request.framing))
        return advance(through: through)
    }

    /// Goes live when the replay has reached what the room has offered.
    ///
    /// The texts in progress are taken in the moment in which it goes live, so that their next pieces fit.
    private func advance(through: Int64) -> Step {
        let texts = rooms.takeMailAndTexts(for: self)
        guard !isOver else { return .over }
        switch machine.replayed(through: through, mayGoLive: output.isWritable) {
        case .ignore: return .over
        case .replay(let position): return .replay(after: position)
        case .goLive(let waiting):
            send(Self.bytes(of: waiting.map(\.frame) + texts.map(\.frame), request.framing))
            guard !isOver else { return .over }
            rooms.wentLive(self)
            return isOver ? .over : .live
        }
    }

    /// Ends the stream of a task that is terminal once everything of it is sent.
    func finishIfTaskEnded(through position: Int64) {
        guard !isOver, !machine.isReplaying, let status = taskEnd?.status(sentThrough: position) else { return }
        send(Frame.end(status: status, cursor: Cursor(epoch: epoch, position: position)).bytes(request.framing))
        finish(.finished)
    }

    static func bytes(of frames: [Frame], _ framing: Framing) -> ByteBuffer {
        guard let first = frames.first else { return ByteBuffer() }
        if frames.count == 1 { return first.bytes(framing) }
        var bytes = ByteBufferAllocator().buffer(
            capacity: frames.reduce(0) { $0 + $1.bytes(framing).readableBytes })
        for frame in frames { bytes.writeImmutableBuffer(frame.bytes(framing)) }
        return bytes
    }
}
