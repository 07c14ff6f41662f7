package import Store

/// How a tailer follows the logs.
package struct TailerConfiguration: Sendable {
    /// How often the heads are read without being told, while other nodes are not heard: what they and other clients
    /// write waits at most this.
    package var pollInterval: Duration = .milliseconds(250)
    /// The same while their hints are heard: what other clients write waits at most this.
    package var hintedPollInterval: Duration = .seconds(1)
    /// Tenants that are read at the same time.
    package var workers = 2
    package var page = EventPageLimit()

    package init() {}
}
