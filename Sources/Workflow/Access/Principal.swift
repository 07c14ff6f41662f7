package import Foundation

/// The sender of a request: who it is, and what it may do. Made from credentials in one place (target `Access`), and a
/// plain value from then on.
package struct Principal: Sendable, Hashable {
    /// How it has proved who it is.
    package enum Mode: String, Sendable, Hashable {
        /// Without credentials, where none are asked for.
        case none
        case key
        case token
        case session
        case ticket
    }

    package let mode: Mode
    package let tenantID: String
    package let userID: String
    package let groups: Set<String>
    package let scopes: Set<AccessScope>
    /// The public part of the key that was used, by itself or for a session or ticket.
    package let keyID: String?
    /// The session that was used, by itself or for a ticket. A session that it renews is the same.
    package let sessionID: UUID?
    /// What it may do in the workspaces of which it is a member.
    package let workspaces: [UUID: AccessLevel]
    /// The one workspace that it is narrowed to; nil: none.
    package let onlyWorkspaceID: UUID?
    /// What a ticket opens; nil for every other credential.
    package let ticket: TicketLimits?
    /// Of a ticket: the scopes that the credential has which made it.
    package let makerScopes: Set<AccessScope>
    /// When its credential ends; nil: not by itself.
    package let expiresAt: Date?
    /// A suspended tenant keeps its rows and starts nothing new.
    package let isTenantSuspended: Bool
    package let tenantLimits: TenantLimits

    package init(
        mode: Mode, tenantID: String, userID: String, groups: Set<String> = [], scopes: Set<AccessScope>,
        keyID: String? = nil, sessionID: UUID? = nil, workspaces: [UUID: AccessLevel] = [:], onlyWorkspaceID: UUID? = nil,
        ticket: TicketLimits? = nil, makerScopes: Set<AccessScope> = [], expiresAt: Date? = nil, isTenantSuspended: Bool = false,
        tenantLimits: TenantLimits = TenantLimits()
    ) {
        self.mode = mode
        self.tenantID = tenantID
        self.userID = userID
        self.groups = groups
        self.scopes = scopes
        self.keyID = keyID
        self.sessionID = sessionID
        self.workspaces = workspaces
        self.onlyWorkspaceID = onlyWorkspaceID
        self.ticket = ticket
        self.makerScopes = makerScopes
        self.expiresAt = expiresAt
        self.isTenantSuspended = isTenantSuspended
        self.tenantLimits = tenantLimits
    }

    /// The sender of every request to a service without authentication.
    package static let local = Principal(
        mode: .none, tenantID: "default", userID: "local", scopes: Set(AccessScope.allCases))

    /// The value of `events.actor`: `user:<id>`, and ` key:<key_id>` where a key was used.
    package var actor: String { "user:\(userID)" + (keyID.map { " key:\($0)" } ?? "") }
}

/// The limits that are set for the tenant of a principal; nil: those of the service.
package struct TenantLimits: Sendable, Hashable {
    /// Of all its users together, on each node.
    package var requestsPerMinute: Int?
    /// At a time, on each node.
    package var maxStreams: Int?

    package init(requestsPerMinute: Int? = nil, maxStreams: Int? = nil) {
        self.requestsPerMinute = requestsPerMinute
        self.maxStreams = maxStreams
    }
}

/// What a ticket opens: the tasks that fit all of these. Nil: any.
package struct TicketLimits: Sendable, Hashable {
    package var taskID: UUID?
    package var conversationID: String?
    package var userID: String?
    package var workspaceID: UUID?
    package var workflow: String?
    /// The types of events that its streams may have, and of rows that states and lists may have.
    package var types: Set<String>?
    /// What it leaves out of the rows.
    package var view: RowView
    /// The human tasks that it may claim and complete.
    package var answers: Set<UUID>

    package init(
        taskID: UUID? = nil, conversationID: String? = nil, userID: String? = nil, workspaceID: UUID? = nil,
        workflow: String? = nil, types: Set<String>? = nil, view: RowView = .whole, answers: Set<UUID> = []
    ) {
        self.taskID = taskID
        self.conversationID = conversationID
        self.userID = userID
        self.workspaceID = workspaceID
        self.workflow = workflow
        self.types = types
        self.view = view
        self.answers = answers
    }
}
