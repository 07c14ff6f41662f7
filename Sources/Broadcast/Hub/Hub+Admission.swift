import Synchronization

extension Hub {
    /// Takes a stream in, as far as the limits allow; each nil needs a `release`.
    /// - Returns: the limit that refuses it.
    package func admit(_ reader: StreamReader) -> StreamLimit? {
        state.withLock { state in
            guard !state.isDraining, state.streams.total < configuration.maxStreams else { return .node }
            return state.streams.add(
                reader, tenantLimit: configuration.maxTenantStreams, userLimit: configuration.maxUserStreams)
        }
    }

    /// Whether the node is shutting down.
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    package func release(_ reader: StreamReader) {
        state.withLock { $0.streams.remove(reader) }
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
