/// Why a stream is over.
package enum StreamOutcome: Sendable, Hashable {
    /// Everything that was to be sent is written; the response ends cleanly.
    case finished
    /// Its cursor cannot be continued; it may begin again on the same connection.
    case reset(ResetReason)
    /// The reader left, or was cut off.
    case gone
}
