import Workflow

/// The result of `body`, unless it takes longer than `limit`: then `body` is cancelled, and `timeout` thrown.
///
/// - Throws: also `cancelled`, when the task is.
func within<Value: Sendable>(
    _ limit: Duration, _ message: String, _ body: @escaping @Sendable () async throws(ProviderError) -> Value
) async throws(ProviderError) -> Value {
    let result = await withTaskGroup(of: Result<Value, ProviderError>?.self) { group in
        group.addTask {
            do throws(ProviderError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            do {
                try await Task.sleep(for: limit)
                return .failure(ProviderError(code: .timeout, message: message))
            } catch {
                return nil  // cancelled, by the end of `body` or from outside
            }
        }
        var first: Result<Value, ProviderError>?
        for await result in group {
            if first == nil, let result { first = result }
            group.cancelAll()
        }
        return first
    }
    let cancelled = ProviderError(code: .cancelled, message: "The request was cancelled.")
    if Task.isCancelled { throw cancelled }
    return try (result ?? .failure(cancelled)).get()
}
