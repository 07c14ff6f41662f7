import Logging
package import NIOCore
import Store
import Synchronization

/// The broadcaster of a node: it keeps the streams of every event loop fed from one place.
///
/// Publishing never waits for a subscriber. Events and pieces of text go into one mailbox a loop; the loop is called
/// once, takes all that has gathered, and writes it to each room's subscribers as one shared buffer.
package final class Hub: Sendable {
    package let configuration: HubConfiguration
    let state: Mutex<HubState>
    let loops: [NIOLoopBoundBox<LoopRooms>]
    let eventLoops: [any EventLoop]
    private let fanOut: [ObjectIdentifier: EventLoopExecutor]
    private let fanOutGroup: (any EventLoopGroup)?
    private let loopIndexes: [ObjectIdentifier: Int]
    /// Called when a log is followed anew, or a text begins whose task is to be looked up.
    let lookupListener = Mutex<(@Sendable (_ tenantID: String) -> Void)?>(nil)

    /// - Parameters:
    ///   - group: the event loops of the HTTP server.
    ///   - fanOut: event loops that only fan out; without them every stream stays on the loop of its connection.
    package init(
        group: any EventLoopGroup, fanOut: (any EventLoopGroup)? = nil, configuration: HubConfiguration = HubConfiguration()
    ) {
        self.configuration = configuration
        fanOutGroup = fanOut
        self.fanOut = Dictionary(
            uniqueKeysWithValues: (fanOut.map { Array($0.makeIterator()) } ?? []).map {
                (ObjectIdentifier($0), EventLoopExecutor($0))
            })
        eventLoops = Array(group.makeIterator()) + (fanOut.map { Array($0.makeIterator()) } ?? [])
        state = Mutex(
            HubState(
                texts: LiveTextBoard(textLimit: configuration.textLimit, countLimit: configuration.textCount),
                mailboxes: Array(repeating: Mailbox(), count: eventLoops.count)))
        loops = eventLoops.enumerated().map { index, eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopRooms(index: index, eventLoop: eventLoop, configuration: configuration), eventLoop: eventLoop)
        }
        loopIndexes = Dictionary(
            uniqueKeysWithValues: eventLoops.enumerated().map { (ObjectIdentifier($1), $0) })
    }

    /// Streams that are open on this node.
    package var streamCount: Int { state.withLock { $0.streams.total } }

    /// A loop that only fans out, each time the next one; nil when there is none.
    package func nextFanOutLoop() -> EventLoopExecutor? {
        fanOutGroup.flatMap { fanOut[ObjectIdentifier($0.next())] }
    }

    /// The rooms of a loop; nil when it is not one of this hub's.
    func rooms(on eventLoop: any EventLoop) -> NIOLoopBoundBox<LoopRooms>? {
        loopIndexes[ObjectIdentifier(eventLoop)].map { loops[$0] }
    }

    /// Lets the loops look into their mailboxes.
    func call(_ indexes: [Int]) {
        for index in indexes {
            let rooms = loops[index]
            eventLoops[index].execute { rooms.value.takeMail(from: self) }
        }
    }
}
