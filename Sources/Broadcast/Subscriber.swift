package import NIOCore
import Workflow

/// One stream, as its event loop sees it. Everything here happens on that loop.
package final class Subscriber {
    enum Step: Sendable {
        /// Send what follows this position, as soon as the connection takes it.
        case replay(after: Int64)
        case live
        case over
    }

    let request: StreamRequest
    let hub: Hub
    let rooms: LoopRooms
    let output: any SubscriberOutput
    let closesAt: NIODeadline
    var room: Room?
    /// Its place among the room's members; nil while it does not share their bytes.
    var memberIndex: Int?
    var machine = SubscriberStateMachine(after: 0, joinedAt: 0, queueLimit: 0)
    var taskEnd: TaskEnd?
    var epoch = ""
    var wheelSlot: Int?
    var stalledHeartbeats = 0
    var isOpened = false
    private(set) var outcome: StreamOutcome?
    /// Its reader is no more, whatever the outcome was until then.
    private var hasLeft = false
    private var whenOver: ((StreamOutcome) -> Void)?
    private var writableWaiter: CheckedContinuation<Void, Never>?

    init(_ request: StreamRequest, hub: Hub, rooms: LoopRooms, output: any SubscriberOutput) {
        self.request = request
        self.hub = hub
        self.rooms = rooms
        self.output = output
        let age = hub.configuration.maxAge * Double.random(in: 0.75...1)
        closesAt = .now() + TimeAmount(age)
    }

    var isOver: Bool { outcome != nil }

    /// Sends bytes; a reader that has not taken enough of the earlier ones is cut off.
    func send(_ bytes: ByteBuffer) {
        guard outcome == nil, bytes.readableBytes > 0 else { return }
        if !output.isWritable, output.unsentBytes > hub.configuration.unsentLimit { return cutOff() }
        output.write(bytes)
    }

    /// Ends the stream; `finished` and `reset` leave the connection as it is.
    func finish(_ outcome: StreamOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        machine.close()
        rooms.leave(self)
        whenOver?(outcome)
        whenOver = nil
        writableWaiter?.resume()
        writableWaiter = nil
    }

    func cutOff() {
        hasLeft = true
        output.drop()
        finish(.gone)
    }

    /// After a reset: the same connection, from another place.
    func reopen() {
        if case .reset = outcome { outcome = hasLeft ? .gone : nil }
    }

    /// The connection took what was written, or is no more.
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

    /// Waits until the connection took what was written; one that does not in time is dropped.
    func settle(within time: TimeAmount, _ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || hasLeft { return continuation.resume() }
        writableWaiter = continuation
        let subscriber = NIOLoopBound(self, eventLoop: rooms.eventLoop)
        rooms.eventLoop.scheduleTask(in: time) {
            guard subscriber.value.writableWaiter != nil else { return }
            subscriber.value.output.drop()
            subscriber.value.becameWritable()
        }
    }

    func whenWritable(_ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || isOver || hasLeft { return continuation.resume() }
        writableWaiter = continuation
    }

    /// Calls `body` when the stream is over, at once if it is.
    func whenOver(_ body: @escaping (StreamOutcome) -> Void) {
        if let outcome { return body(outcome) }
        whenOver = body
    }
}

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

extension Subscriber {
    /// Its turn on the wheel: sends a sign of life, ends it when it is old, gives it up when nobody reads.
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

/// Where a subscriber's bytes go: a connection, used on its event loop only.
package protocol SubscriberOutput: AnyObject {
    /// False while more than the high-water mark is unsent.
    var isWritable: Bool { get }
    /// What was written and has not reached the kernel, in bytes.
    var unsentBytes: Int { get }
    /// Sends the bytes as they are.
    func write(_ bytes: ByteBuffer)
    /// Drops the connection and what is unsent.
    func drop()
}

/// Ties a connection's output and its subscriber together, on their event loop.
package final class SubscriberBox {
    private let request: StreamRequest
    private let hub: Hub
    private let rooms: LoopRooms
    private(set) var subscriber: Subscriber?

    init(_ request: StreamRequest, hub: Hub, rooms: LoopRooms) {
        self.request = request
        self.hub = hub
        self.rooms = rooms
    }

    /// Makes the subscriber that writes to an output.
    package func connect(_ output: any SubscriberOutput) -> Subscriber {
        let subscriber = Subscriber(request, hub: hub, rooms: rooms, output: output)
        self.subscriber = subscriber
        return subscriber
    }
}

/// Why a stream is over.
package enum StreamOutcome: Sendable, Hashable {
    /// Everything that was to be sent is written; the response ends cleanly.
    case finished
    /// Its cursor cannot be continued; it may begin again on the same connection.
    case reset(ResetReason)
    /// The reader left, or was cut off.
    case gone
}
