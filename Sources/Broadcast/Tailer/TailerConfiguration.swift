package import Store

/// How a tailer follows the logs.
package struct TailerConfiguration: Sendable {
    /// How often the heads are read without being told: what other clients write waits at most this.
    package var pollInterval: Duration = .milliseconds(250)
    /// Tenants that are read at the same time.
    package var workers = 2
    package var page = EventPageLimit()

    package init() {}
}
