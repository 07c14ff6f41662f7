import Base
import Foundation
import Workflow

/// What a ticket or a session cookie says of its holder. What the holder may do now is looked up when it is used.
///
/// Those of a ticket are the user, groups and scopes of the credential that made it.
struct SignedIdentity: Sendable, Hashable {
    var tenantID: String
    var userID: String
    var groups: [String]
    var scopes: [AccessScope]
    /// The key that it was made with, and ends with.
    var keyID: String?
    /// The session that it is, or that it was made with, and ends with.
    var sessionID: UUID?
    var onlyWorkspaceID: UUID?
    var expiresAt: Date
    /// Of a ticket.
    var limits: TicketLimits?

    var json: JSON {
        var members: JSONObject = [
            "t": .string(tenantID), "u": .string(userID), "g": .array(groups.map(JSON.string)),
            "s": .array(scopes.map { .string($0.rawValue) }), "x": .integer(Int64(expiresAt.timeIntervalSince1970.rounded(.up))),
        ]
        if let keyID { members["k"] = .string(keyID) }
        if let sessionID { members["i"] = .string(sessionID.text) }
        if let onlyWorkspaceID { members["w"] = .string(onlyWorkspaceID.text) }
        if let limits { members["l"] = Self.json(limits) }
        return .object(members)
    }

    init(
        tenantID: String, userID: String, groups: [String], scopes: [AccessScope], keyID: String?, sessionID: UUID? = nil,
        onlyWorkspaceID: UUID?, expiresAt: Date, limits: TicketLimits? = nil
    ) {
        self.tenantID = tenantID
        self.userID = userID
        self.groups = groups
        self.scopes = scopes
        self.keyID = keyID
        self.sessionID = sessionID
        self.onlyWorkspaceID = onlyWorkspaceID
        self.expiresAt = expiresAt
        self.limits = limits
    }

    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let tenantID = json["t"]?.string, let userID = json["u"]?.string,
            let groups = json["g"]?.array, let scopes = json["s"]?.array, let expiry = json["x"]?.int
        else { return nil }
        self.init(
            tenantID: tenantID, userID: userID, groups: groups.compactMap(\.string),
            scopes: scopes.compactMap { $0.string.flatMap(AccessScope.init(rawValue:)) }, keyID: json["k"]?.string,
            sessionID: json["i"]?.string.flatMap { UUID(text: $0) }, onlyWorkspaceID: json["w"]?.string.flatMap { UUID(text: $0) },
            expiresAt: Date(timeIntervalSince1970: Double(expiry)), limits: json["l"].map(Self.limits))
    }

    private static func json(_ limits: TicketLimits) -> JSON {
        var members: JSONObject = [:]
        if let id = limits.taskID { members["t"] = .string(id.text) }
        if let id = limits.conversationID { members["c"] = .string(id) }
        if let id = limits.userID { members["u"] = .string(id) }
        if let id = limits.workspaceID { members["w"] = .string(id.text) }
        if let name = limits.workflow { members["f"] = .string(name) }
        if let types = limits.types { members["e"] = .array(types.sorted().map(JSON.string)) }
        if limits.view != .whole { members["v"] = .integer(Int64(limits.view.rawValue)) }
        if !limits.answers.isEmpty { members["a"] = .array(limits.answers.map(\.text).sorted().map(JSON.string)) }
        return .object(members)
    }

    private static func limits(_ json: JSON) -> TicketLimits {
        TicketLimits(
            taskID: json["t"]?.string.flatMap { UUID(text: $0) }, conversationID: json["c"]?.string, userID: json["u"]?.string,
            workspaceID: json["w"]?.string.flatMap { UUID(text: $0) }, workflow: json["f"]?.string,
            types: json["e"]?.array.map { Set($0.compactMap(\.string)) },
            view: RowView(rawValue: json["v"]?.int ?? 0),
            answers: Set(json["a"]?.array?.compactMap { $0.string.flatMap { UUID(text: $0) } } ?? []))
    }
}
