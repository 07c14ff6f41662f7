import Postgres
import Synchronization

/// Lets those who ask at the same time share a query: a thousand streams that begin at once need a few, not a thousand.
///
/// An answer is never older than its question: what comes while a lane's query runs goes into the lane's next one.
package final class BatchedReads<Lane: Hashable & Sendable, Element: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value?, any Error>

    /// What is asked for next in each lane whose query runs.
    private let lanes = Mutex<[Lane: [Element: [Waiter]]]>([:])
    private let query: @Sendable (Lane, [Element]) async throws -> [Element: Value]

    /// - Parameter query: reads the values of some elements; those that do not exist are left out.
    package init(_ query: @escaping @Sendable (Lane, [Element]) async throws -> [Element: Value]) {
        self.query = query
    }

    /// The value of an element, read after the call; nil when there is none. Throws what the query throws.
    package func value(of element: Element, in lane: Lane) async throws -> Value? {
        try await withCheckedThrowingContinuation { waiter in
            let isIdle = lanes.withLock { lanes in
                let isIdle = lanes[lane] == nil
                lanes[lane, default: [:]][element, default: []].append(waiter)
                return isIdle
            }
            if isIdle { Task(executorPreference: PollerExecutor.shared) { [self] in await work(lane) } }
        }
    }

    /// How many wait for the next query of a lane.
    func waiting(in lane: Lane) -> Int {
        lanes.withLock { $0[lane]?.values.reduce(0) { $0 + $1.count } ?? 0 }
    }

    private func work(_ lane: Lane) async {
        while let asked = take(lane) {
            do {
                let values = try await query(lane, Array(asked.keys))
                for (element, waiters) in asked {
                    for waiter in waiters { waiter.resume(returning: values[element]) }
                }
            } catch {
                for waiter in asked.values.joined() { waiter.resume(throwing: error) }
            }
        }
    }

    /// What the next query asks for; nil when nobody waits, and the lane is idle from then on.
    private func take(_ lane: Lane) -> [Element: [Waiter]]? {
        lanes.withLock { lanes in
            guard let asked = lanes[lane], !asked.isEmpty else {
                lanes[lane] = nil
                return nil
            }
            lanes[lane] = [:]
            return asked
        }
    }
}
