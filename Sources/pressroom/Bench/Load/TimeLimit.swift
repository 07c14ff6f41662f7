/// Work that must not go on for ever, whether or not anything happens.
enum TimeLimit {
    /// Answers what `body` does, and cancels it when the time is over or posting has failed.
    ///
    /// - Parameters:
    ///   - seconds: after which to give up.
    ///   - complaint: what had not happened by then.
    ///   - posting: threads without which `body` would wait in vain.
    static func run<Value: Sendable>(
        _ seconds: Double, _ complaint: String, posting: WorkerThreads<UInt64>? = nil,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                let start = MonotonicClock.now()
                while MonotonicClock.seconds(since: start) < seconds {
                    try await Task.sleep(for: .milliseconds(50))
                    if let posting { _ = try posting.finishedOutputs() }
                }
                throw CommandFailure("after \(Int(seconds)) s, \(complaint)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
