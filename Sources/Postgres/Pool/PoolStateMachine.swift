import DequeModule

/// Which waiter gets which connection, first come, first served; decided without connections.
///
/// `Connection` and `Waiter` are opaque here, so that the rules can be tested alone.
struct PoolStateMachine<Connection: AnyObject, Waiter: AnyObject> {
    let limit: Int
    /// How many connections are kept idle, as far as the limit goes.
    let minIdle: Int
    /// Used last in, first out, which keeps the server's caches warm.
    private(set) var idle: [Connection] = []
    private(set) var leased = 0
    private(set) var opening = 0
    private(set) var waiters = Deque<Waiter>()
    private(set) var isShutDown = false

    init(limit: Int, minIdle: Int = 0) {
        self.limit = max(1, limit)
        self.minIdle = max(0, minIdle)
    }

    var total: Int { idle.count + leased + opening }

    enum Acquisition {
        case lease(Connection)
        case mustWait
        case refused
    }

    enum Handover {
        /// The connection goes to this waiter.
        case lease(Waiter)
        case park
        case close
    }

    /// A free connection at once, if there is one.
    mutating func acquire() -> Acquisition {
        if isShutDown { return .refused }
        guard let connection = idle.popLast() else { return .mustWait }
        leased += 1
        return .lease(connection)
    }

    /// Queues a waiter. Returns whether one more connection should be opened.
    mutating func enqueue(_ waiter: Waiter) -> Bool {
        waiters.append(waiter)
        return openIfUseful()
    }

    /// A leased connection comes back.
    mutating func release(_ connection: Connection, isUsable: Bool) -> Handover {
        leased -= 1
        return isUsable ? offer(connection) : .close
    }

    /// An attempt to connect succeeded.
    mutating func opened(_ connection: Connection) -> Handover {
        opening -= 1
        return offer(connection)
    }

    /// An attempt to connect will not be repeated.
    mutating func gaveUpOpening() {
        opening -= 1
    }

    private mutating func offer(_ connection: Connection) -> Handover {
        if let waiter = waiters.popFirst() {
            leased += 1
            return .lease(waiter)
        }
        if isShutDown { return .close }
        idle.append(connection)
        return .park
    }

    /// Whether to open a connection now, for a waiter that no attempt under way will serve, or to keep enough of them idle;
    /// counts it as opening.
    mutating func openIfUseful() -> Bool {
        guard !isShutDown, total < limit, opening < max(waiters.count, minIdle - idle.count) else { return false }
        opening += 1
        return true
    }

    /// Takes the idle connections, which are of no use any more.
    mutating func takeIdle() -> [Connection] {
        defer { idle.removeAll() }
        return idle
    }

    /// Takes the idle connections that are not to be used any more, whatever is left.
    mutating func takeIdle(where isOver: (Connection) -> Bool) -> [Connection] {
        let over = idle.filter(isOver)
        idle.removeAll { connection in over.contains { $0 === connection } }
        return over
    }

    /// Takes the idle connections that nothing has needed for long: the longest unused first, and never more than leave
    /// `minIdle`.
    mutating func takeUnneeded(where isUnneeded: (Connection) -> Bool) -> [Connection] {
        var unneeded: [Connection] = []
        for connection in idle where idle.count - unneeded.count > minIdle && isUnneeded(connection) { unneeded.append(connection) }
        idle.removeAll { connection in unneeded.contains { $0 === connection } }
        return unneeded
    }

    /// Leases idle connections, to try whether they work. Each comes back by `release`.
    mutating func borrowIdle(where isDue: (Connection) -> Bool) -> [Connection] {
        guard !isShutDown else { return [] }
        let due = takeIdle(where: isDue)
        leased += due.count
        return due
    }

    /// An idle connection broke.
    mutating func remove(_ connection: Connection) {
        idle.removeAll { $0 === connection }
    }

    /// Takes a waiter out of the queue; `false` when it was served meanwhile.
    mutating func withdraw(_ waiter: Waiter) -> Bool {
        guard let index = waiters.firstIndex(where: { $0 === waiter }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Takes the waiters at the head of the queue that `isOverdue` says have waited too long.
    mutating func withdrawHead(while isOverdue: (Waiter) -> Bool) -> [Waiter] {
        var overdue: [Waiter] = []
        while let waiter = waiters.first, isOverdue(waiter) { overdue.append(waiters.removeFirst()) }
        return overdue
    }

    mutating func withdrawAll() -> [Waiter] {
        defer { waiters.removeAll() }
        return Array(waiters)
    }

    /// Refuses all requests from now on. Returns the connections to close and the waiters to refuse.
    mutating func shutDown() -> (idle: [Connection], waiters: [Waiter]) {
        isShutDown = true
        defer { idle.removeAll() }
        return (idle, withdrawAll())
    }
}
