import Broadcast
import Store
import Synchronization

/// A stream's place on the node, and its hold on the tenant's log; given back once, at the latest when it is dropped:
/// a response whose reader has left is never asked for its body.
final class StreamPermit: Sendable {
    private let hub: Hub
    private let reader: StreamReader
    private let tenantID = Mutex<String?>(nil)
    private let isHeld = Atomic(true)

    /// - Throws: the limit that leaves no room.
    init(_ hub: Hub, for reader: StreamReader) throws(StreamLimitError) {
        if let limit = hub.admit(reader) { throw StreamLimitError(limit: limit) }
        self.hub = hub
        self.reader = reader
    }

    private init(_ hub: Hub, _ reader: StreamReader, tenantID: String?) {
        self.hub = hub
        self.reader = reader
        self.tenantID.withLock { $0 = tenantID }
    }

    deinit { giveBack() }

    /// Another permit in place of this one, which is over.
    func moved() -> StreamPermit {
        let isHeld = isHeld.exchange(false, ordering: .acquiringAndReleasing)
        let permit = StreamPermit(hub, reader, tenantID: tenantID.withLock { $0 })
        if !isHeld { permit.isHeld.store(false, ordering: .releasing) }
        return permit
    }

    func follow(_ head: LogHead) {
        hub.follow(head)
        tenantID.withLock { $0 = head.tenantID }
    }

    func giveBack() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        if let tenantID = tenantID.withLock({ $0 }) { hub.unfollow(tenantID: tenantID) }
        hub.release(reader)
    }
}

/// There is no room for another stream.
struct StreamLimitError: Error {
    let limit: StreamLimit
}
