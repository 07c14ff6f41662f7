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
    var isOpened = false
    /// The latest position whose cursor the stream has carried, as far as it is not an event of its group.
    private var namedPosition: Int64 = 0
    private(set) var outcome: StreamOutcome?
    /// Where the replay of a subscriber that has fallen behind begins, until its session takes it up.
    private var behind: Int64?
    /// Whether the reader has left, whatever the outcome was before.
    private var hasLeft = false
    private var whenNotLive: ((LiveEnd) -> Void)?
    private var progress = ReadingProgress()
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

    /// Whether the connection holds more unsent bytes than it may, so that nothing live may be added.
    var isOverBound: Bool { !output.isWritable && output.unsentBytes > hub.configuration.maxUnsentBytes }

    func send(_ bytes: ByteBuffer) {
        guard outcome == nil, bytes.readableBytes > 0 else { return }
        progress.written += bytes.readableBytes
        output.write(bytes)
    }

    /// Goes back to a replay from the log, which sends no more than the connection takes.
    func fallBehind(sent: Int64?, joinedAt: Int64?) {
        guard outcome == nil, case .replay(let position) = machine.fellBehind(sent: sent, joinedAt: joinedAt) else { return }
        group?.demote(self)
        guard let whenNotLive else {
            behind = position
            return
        }
        self.whenNotLive = nil
        whenNotLive(.behind(after: position))
    }

    /// Ends the stream. `finished` and `reset` leave the connection open.
    func finish(_ outcome: StreamOutcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        machine.close()
        loop.leave(self)
        behind = nil
        whenNotLive?(.over(outcome))
        whenNotLive = nil
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
        writableWaiter?.resume()
        writableWaiter = nil
    }

    /// The reader has left.
    package func readerLeft() {
        hasLeft = true
        finish(.gone)
        becameWritable()
    }

    /// Resumes once the connection is writable. It is dropped when its reader takes nothing for this time, or does not take
    /// everything in it while the node stops.
    func settle(within time: TimeAmount, _ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || hasLeft { return continuation.resume() }
        writableWaiter = continuation
        dropUnlessTaken(within: time)
    }

    private func dropUnlessTaken(within time: TimeAmount) {
        progress.look(at: output)
        let subscriber = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(in: time) {
            let subscriber = subscriber.value
            guard subscriber.writableWaiter != nil else { return }
            subscriber.progress.look(at: subscriber.output)
            if subscriber.progress.idleLooks == 0, !subscriber.hub.isDraining {
                return subscriber.dropUnlessTaken(within: time)
            }
            subscriber.output.drop()
            subscriber.becameWritable()
        }
    }

    /// Resumes once the connection is writable or the stream is over.
    func whenWritable(_ continuation: CheckedContinuation<Void, Never>) {
        if output.isWritable || isOver || hasLeft { return continuation.resume() }
        writableWaiter = continuation
    }

    /// Calls `body` once, when the stream is no longer live; at once if it already is not.
    func whenNotLive(_ body: @escaping (LiveEnd) -> Void) {
        if let outcome { return body(.over(outcome)) }
        if let position = behind {
            behind = nil
            return body(.behind(after: position))
        }
        whenNotLive = body
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
        namedPosition = start.cursor.position
        var frames = start.preface
        if !isOpened {
            let first = frames.isEmpty ? nil : frames.removeFirst()
            frames.insert(.first(first, retry: retry, cursor: start.openingCursor), at: 0)
        }
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
    /// Sends a heartbeat. Ends the stream when it is too old, and drops a connection whose reader has taken no byte for some
    /// heartbeats. A slow reader of a large event takes some between any two.
    func beat(_ heartbeat: Frame) {
        guard !isOver else { return }
        guard output.isWritable else {
            progress.look(at: output)
            if progress.idleLooks >= hub.configuration.maxStalledHeartbeats { cutOff() }
            return
        }
        progress.reset()
        guard NIODeadline.now() < closesAt else { return finish(.finished) }
        if isOpened { send(heartbeat.bytes(request.framing)) }
    }

    /// Whether the stream has not carried this cursor, or a later one, so that a heartbeat should.
    func needsCursor(at position: Int64) -> Bool {
        max(namedPosition, group?.lastEvent ?? 0) < position
    }

    /// Notes that a heartbeat carries this cursor.
    func named(_ position: Int64) {
        namedPosition = position
    }
}

/// Whether the reader of a connection takes anything, looked at from time to time.
struct ReadingProgress {
    /// The bytes that were written to the connection.
    var written = 0
    /// The most that were taken by the time of a look; nil before the first.
    private var taken: Int?
    /// How many looks in a row have found that nothing was taken since the one before.
    private(set) var idleLooks = 0

    mutating func look(at output: any SubscriberOutput) {
        let now = written - output.untakenBytes
        if let taken, now <= taken {
            idleLooks += 1
        } else {
            taken = now
            idleLooks = 0
        }
    }

    mutating func reset() {
        taken = nil
        idleLooks = 0
    }
}

/// Why a stream is not live any more.
enum LiveEnd {
    case over(StreamOutcome)
    /// Its reader is slow: what comes after this position is replayed.
    case behind(after: Int64)
}

/// The connection that a subscriber writes to, used on its event loop only.
package protocol SubscriberOutput: AnyObject {
    /// False while more than the high-water mark is unsent.
    var isWritable: Bool { get }
    /// Bytes that were written and have not reached the kernel.
    var unsentBytes: Int { get }
    /// Bytes that were written and that the reader's machine has not acknowledged, as far as is known.
    var untakenBytes: Int { get }
    /// Sends the bytes as they are.
    func write(_ bytes: ByteBuffer)
    /// Drops the connection and what is unsent.
    func drop()
}

extension SubscriberOutput {
    package var untakenBytes: Int { unsentBytes }
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
