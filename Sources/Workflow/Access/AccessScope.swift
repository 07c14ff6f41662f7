/// What a credential may be used for (docs/security.md). Each is granted by itself, except that `read` includes `stream`.
package enum AccessScope: String, Sendable, Hashable, CaseIterable {
    /// See workflows, tasks and everything about them.
    case read
    /// Publish, start, act on tasks, answer questions.
    case write
    /// Manage keys, workspaces and their members, and delete.
    case admin
    /// Read streams, states and lists, and nothing else.
    case stream
    /// Name other users in a task's context and in a ticket: a back end that acts for its users.
    case act
}

/// What a member may do in a workspace. Each level includes the ones before it.
package enum AccessLevel: String, Sendable, Hashable, CaseIterable, Comparable {
    /// See public workflows, start them, and see their tasks.
    case read
    /// Also publish, and act on tasks.
    case write
    /// Also see private workflows, and manage the members.
    case admin

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }

    package static func < (left: AccessLevel, right: AccessLevel) -> Bool { left.rank < right.rank }
}
