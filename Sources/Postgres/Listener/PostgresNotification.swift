/// What a listener reports.
package enum PostgresNotification: Sendable, Hashable {
    /// Listening has (re)started, or notifications were dropped because nobody read them: anything may have been
    /// missed, so catch up.
    case connected
    /// The connection is lost: nothing is heard until the next `connected`.
    case disconnected
    case received(channel: String, payload: String)
}
