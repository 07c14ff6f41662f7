import Synchronization

extension Hub {
    /// Takes a stream in, as far as the node's limits allow; each true needs a `release`.
    package func admit() -> Bool {
        state.withLock { state in
            guard !state.isDraining, state.streams < configuration.maxStreams else { return false }
            state.streams += 1
            return true
        }
    }

    /// Whether the node is shutting down.
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    package func release() {
        state.withLock { $0.streams -= 1 }
    }

    /// How long a browser shall wait before it connects again: different for each, so that they do not come at once.
    package var jitteredRetry: Duration {
        .milliseconds(Int64.random(in: 1000...3000))
    }

    /// The same, for a node that has no room now.
    package var jitteredRetryWhenOverloaded: Duration {
        .milliseconds(Int64.random(in: 5000...15000))
    }
}
