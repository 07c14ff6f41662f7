/// The bounds of a hub. Sizes are in bytes.
package struct HubConfiguration: Sendable {
    /// Streams that one node serves; further ones are told that it is overloaded.
    package var maxStreams = 20_000
    /// Of one tenant, and of one user of it.
    package var maxTenantStreams = 20_000
    package var maxUserStreams = 20_000
    /// A reader with more unsent than this is cut off.
    package var unsentLimit = 1 << 20
    /// What may wait for one subscriber during its replay.
    package var queueLimit = 1 << 18
    /// How much a replay reads and sends at a time.
    package var replayBytes = 1 << 18
    /// Recent events that are kept of each tenant that somebody follows.
    package var ringBytes = 4 << 20
    package var ringCount = 4096
    /// How much is kept of a text in progress, and of how many.
    package var textLimit = 1 << 20
    package var textCount = 256
    package var heartbeat: Duration = .seconds(15)
    /// A connection lasts between three quarters of this and all of it.
    package var maxAge: Duration = .seconds(3600)
    /// Heartbeats that may find a connection unwritable before it counts as dead.
    package var maxStalledHeartbeats = 4
    /// Over which streams are ended on shutdown.
    package var drainTime: Duration = .seconds(5)
    /// How long the log of a tenant is followed after its last reader has left.
    package var linger: Duration = .seconds(30)

    package init() {}
}
