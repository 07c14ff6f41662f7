/// One batch, the task that waits for it, and what has come back so far. Belongs to its connection, and is used
/// only under that connection's lock.
final class Operation: @unchecked Sendable {
    typealias Outcome = Result<[PostgresResult], PostgresError>

    let batch: Batch
    var continuation: UnsafeContinuation<Outcome, Never>?
    var isCancelled = false
    var results: [PostgresResult] = []
    var failure: PostgresError?
    /// The failed statement had been prepared before: preparing it again may mend it.
    var failedStale = false
    var isRetry = false

    init(_ batch: Batch) {
        self.batch = batch
    }

    /// Forgets what came back, before the batch is sent again.
    func reset() {
        results = []
        failure = nil
        failedStale = false
        isRetry = true
    }

    var outcome: Outcome {
        guard var failure else { return .success(results) }
        if isCancelled, failure.code == .timeout { failure.code = .cancelled }
        return .failure(failure)
    }
}
