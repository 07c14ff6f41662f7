/// What a listener reports.
package enum PostgresNotification: Sendable, Hashable {
    /// Listening has (re)started, or notifications were dropped because nobody read them: anything may have been
    /// missed, so catch up.
    case connected
    case received(channel: String, payload: String)
}
