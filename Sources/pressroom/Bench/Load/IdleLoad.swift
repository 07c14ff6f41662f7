/// Readers that have nothing to read, and what they cost the service.
struct IdleLoad {
    let target: BenchTarget
    let subscribers: Int
    let processes: [Int32]
    /// Seconds before each look at the memory.
    let settle: Double

    /// Bytes and seconds.
    struct Outcome {
        var before = 0
        var connected = 0
        var afterEvent = 0
        var afterLeaving = 0
        var openSeconds = 0.0
        /// How many readers the event reached, and how long until the last had it, in milliseconds.
        var received = 0
        var eventToAll = 0.0

        func perSubscriber(_ memory: Int, _ subscribers: Int) -> Int {
            (memory - before) / subscribers
        }
    }

    func run() throws -> Outcome {
        var outcome = Outcome()
        let fleet = try SubscriberFleet(target, capacity: subscribers)
        MonotonicClock.sleep(seconds: settle)
        outcome.before = try ProcessMemory.resident(processes)
        let start = MonotonicClock.now()
        try fleet.open(subscribers, timeout: 120)
        outcome.openSeconds = MonotonicClock.seconds(since: start)
        try pump(fleet, seconds: settle)
        outcome.connected = try ProcessMemory.resident(processes)
        let publisher = Publishing(connections: 1, messages: 1, size: 500).start(target, stop: Publishing.Stop())
        let posted = MonotonicClock.now()
        while fleet.delivered < subscribers, MonotonicClock.seconds(since: posted) < 60 {
            try fleet.pump(milliseconds: 50)
            if publisher.isOver { _ = try publisher.finishedOutputs() }
        }
        outcome.received = fleet.readers.count { $0.received == 1 }
        outcome.eventToAll = fleet.latency.milliseconds(percentile: 100)
        try pump(fleet, seconds: settle)
        outcome.afterEvent = try ProcessMemory.resident(processes)
        fleet.close()
        MonotonicClock.sleep(seconds: settle)
        outcome.afterLeaving = try ProcessMemory.resident(processes)
        return outcome
    }

    private func pump(_ fleet: SubscriberFleet, seconds: Double) throws {
        let start = MonotonicClock.now()
        while MonotonicClock.seconds(since: start) < seconds { try fleet.pump(milliseconds: 50) }
    }
}
