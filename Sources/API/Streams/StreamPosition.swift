import Workflow

/// Where a reader asked its stream to begin.
enum StreamPosition: Sendable, Hashable {
    case after(Cursor)
    /// With all that is retained.
    case earliest
    case now
    case unspecified
}
