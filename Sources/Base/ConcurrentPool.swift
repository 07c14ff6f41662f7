/// Runs work that may take long on the pool of threads that tasks share, wherever the caller runs: an event loop must not
/// wait for it.
package func onConcurrentPool<Value: Sendable>(_ body: @Sendable () throws -> Value) async rethrows -> Value {
    try await withTaskExecutorPreference(globalConcurrentExecutor) { try body() }
}
