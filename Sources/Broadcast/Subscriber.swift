package import NIOCore
import Workflow

/// The live end of one stream: what its event loop keeps for it. Everything here happens on that loop.
package final class Subscriber {
    enum Step: Sendable {
        /// The next page of the replay begins after this position and is sent as soon as the connection is writable.
        case replay(after: Int64)
        case live
        case over
    }

    let request: StreamRequest
    let hub: Hub
    let loop: LoopSubscribers
    let output: any SubscriberOutput
    let closesAt: NIODeadline
    var group: SubscriberGroup?
    /// Its index among the group's members; nil while it does not share their bytes.
    var memberIndex: Int?
    var machine = SubscriberStateMachine(after: 0, joinedAt: 0, queueLimit: 0)
    var taskEnd: TaskEnd?
    var epoch = ""
    var wheelSlot: Int?
    var stalledHeartbeats = 0
    var isOpened = false
    private(set) var outcome: StreamOutcome?
    /// Whether the reader has left, whatever the outcome was before.
    private var hasLeft = false
    private var whenOver: ((StreamOutcome) -> Void)?
    private var writableWaiter: CheckedContinuation<Void, Never>?

    init(_ request: StreamRequest, hub: Hub, loop: LoopSubscribers, output: any SubscriberOutput) {
        self.request = request
        self.hub = hub
        self.loop = loop
        self.output = output
        let age = hub.configuration.maxAge * Double.random(in: 0.75...1)
        closesAt = .now() + TimeAmount(age)
    }

    var isOver: Bool { outcome != nil }

    /// Sends bytes. A connection with more than `unsentLimit` unsent is dropped instead.
    func send(_ bytes: ByteBuffer) {
        guard outcome == nil, bytes.readableBytes > 0 else { return }
        if !output.isWritable, output.unsentBytes > hub.configuration.unsentLimit { return cutOff() }
        output.write(bytes)
    }

    /// Ends the stream. `finished` and `reset` leave the connection open.
    func finish(_ outcome: StreamOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        machine.close()
        loop.leave(self)
        whenOver?(outcome)
        whenOver = nil
        writableWaiter?.resume()
        writableWaiter = nil
    }

    /// Drops the connection.
    func cutOff() {
        hasLeft = true
        output.drop()
        finish(.gone)
    }

    /// After a reset: makes the stream ready to begin again on the same connection.
    func reopen() {
        if case .reset = outcome { outcome = hasLeft ? .gone : nil }
    }

    /// The connection is writable again, or closed.
    package func becameWritable() {
        stalledHeartbeats = 0
        writableWaiter?.resume()
        writableWaiter = nil
    }

    /// The reader has left.
    package func readerLeft() {
        hasLeft = true
        finish(.gone)
        becameWritable()
    }

    /// Resumes once the connection is writable; one that is not in time is dropped.
    func settle(within time: TimeAmount, _ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || hasLeft { return continuation.resume() }
        writableWaiter = continuation
        let subscriber = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(in: time) {
            guard subscriber.value.writableWaiter != nil else { return }
            subscriber.value.output.drop()
            subscriber.value.becameWritable()
        }
    }

    /// Resumes once the connection is writable or the stream is over.
    func whenWritable(_ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || isOver || hasLeft { return continuation.resume() }
        writableWaiter = continuation
    }

    /// Calls `body` when the stream is over; at once if it is over already.
    func whenOver(_ body: @escaping (StreamOutcome) -> Void) {
        if let outcome { return body(outcome) }
        whenOver = body
    }
}

extension Subscriber {
    /// Joins the group and sends the first bytes.
    func begin(_ start: StreamStart, retry: Duration) -> Step {
        // Subscribers that joined before the drain are ended by it; none may join afterwards.
        if hub.isDraining { finish(.finished) }
        guard !isOver else { return .over }
        epoch = start.cursor.epoch
        guard let joined = loop.join(self) else {
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

    /// Sends a page of the replay. `events` may hold types that do not pass the filter.
    func replayed(_ events: [PublishedEvent], through: Int64, head: Int64) -> Step {
        guard !isOver else { return .over }
        for event in events {
            if let status = event.taskStatus { taskEnd?.saw(status: status, at: event.position, head: head) }
        }
        send(
            Self.bytes(of: events.filter { request.filter.matches(type: $0.type) }.map(\.frame), request.framing))
        return advance(through: through)
    }

    /// Goes live when the replay has reached what the group has offered.
    ///
    /// The texts in progress are taken at the moment in which it goes live, so that their next pieces continue them.
    private func advance(through: Int64) -> Step {
        let texts = loop.takeMailAndTexts(for: self)
        guard !isOver else { return .over }
        switch machine.replayed(through: through, mayGoLive: output.isWritable) {
        case .ignore: return .over
        case .replay(let position): return .replay(after: position)
        case .goLive(let waiting):
            send(Self.bytes(of: waiting.map(\.frame) + texts.map(\.frame), request.framing))
            guard !isOver else { return .over }
            loop.wentLive(self)
            return isOver ? .over : .live
        }
    }

    /// Ends the stream of a terminal task once all of the task's events are sent.
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

extension Subscriber {
    /// Sends a heartbeat. Ends the stream when it is too old, and drops a connection that stays unwritable.
    func beat(_ heartbeat: Frame) {
        guard !isOver else { return }
        guard output.isWritable else {
            stalledHeartbeats += 1
            if stalledHeartbeats >= hub.configuration.maxStalledHeartbeats { cutOff() }
            return
        }
        stalledHeartbeats = 0
        guard NIODeadline.now() < closesAt else { return finish(.finished) }
        if isOpened { send(heartbeat.bytes(request.framing)) }
    }
}

/// The connection that a subscriber writes to, used on its event loop only.
package protocol SubscriberOutput: AnyObject {
    /// False while more than the high-water mark is unsent.
    var isWritable: Bool { get }
    /// Bytes that were written and have not reached the kernel.
    var unsentBytes: Int { get }
    /// Sends the bytes as they are.
    func write(_ bytes: ByteBuffer)
    /// Drops the connection and what is unsent.
    func drop()
}

/// Why a stream is over.
package enum StreamOutcome: Sendable, Hashable {
    /// Everything is written; the response ends cleanly.
    case finished
    /// The cursor cannot be continued; the stream may begin again on the same connection.
    case reset(ResetReason)
    /// The reader has left, or its connection was dropped.
    case gone
}
