import Postgres

/// What everybody in a story shares.
struct Stage: Sendable {
    let nodes: [StreamNode]
    /// People's own connections, without the service's settings.
    let database: PostgresClient
    let journal: Journal
    /// Counts the transactions.
    let progress = Progress()
    /// Counts the readers that know where their stream begins: what is written from then on they will see.
    let anchors = Progress()
    let end = StoryEnd()
}
