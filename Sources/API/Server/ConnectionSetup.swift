import NIOCore

/// Prepares accepted connections, and starts what serves them.
protocol ConnectionSetup: Sendable {
    /// Called on the connection's event loop. A connection whose setup throws is closed.
    func setUp(_ channel: any Channel, _ open: OpenConnections) throws
}
