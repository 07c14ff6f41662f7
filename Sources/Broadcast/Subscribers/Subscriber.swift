import NIOCore
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
