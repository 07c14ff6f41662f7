import Access
import ArgumentParser
import Base
import Foundation
import Store
import Workflow

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Makes, lists and revokes API keys, on the database, and rotates the keys that sign tickets.",
        subcommands: [KeyCreate.self, KeyList.self, KeyRevoke.self, KeyRotate.self])
}

struct KeyCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes an API key, and shows it once.",
        discussion: "For example: pressroom key create --tenant default --user ada --scopes read,write,admin")

    @Option(help: "The tenant that the key is of; see: pressroom tenant create.")
    var tenant: String

    @Option(help: "The user in whose name the key acts.")
    var user: String

    @Option(help: "What the key is for (default: the user).")
    var name: String?

    @Option(help: "The user's groups, with commas.")
    var groups: String?

    @Option(help: "What the key may be used for: read, write, admin, stream, act, with commas (default: read,write).")
    var scopes: String?

    @Option(help: "The id of the one workspace that the key is narrowed to (default: none).")
    var workspace: String?

    @Option(help: "When it ends, such as 30d (default: never).")
    var expiresIn: String?

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        _ = try grantedScopes()
        if let expiresIn, DurationText.parse(expiresIn).map({ $0 > .zero }) != true {
            throw ValidationError("--expires-in takes a duration such as 12h or 30d")
        }
        if let workspace, UUID(text: workspace) == nil { throw ValidationError("--workspace takes the id of a workspace") }
        if user.isEmpty { throw ValidationError("--user must not be empty") }
    }

    private func grantedScopes() throws -> [AccessScope] {
        let names = Self.list(scopes) ?? ["read", "write"]
        let scopes = names.compactMap(AccessScope.init(rawValue:))
        guard scopes.count == names.count, !scopes.isEmpty else {
            throw ValidationError("--scopes takes some of \(AccessScope.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return AccessScope.allCases.filter(scopes.contains)
    }

    private static func list(_ text: String?) -> [String]? {
        text?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    func run() async throws {
        let key = APIKey()
        let new = NewAPIKey(
            name: name ?? user, keyID: key.keyID, secretHash: key.secretHash, userID: user, groups: Self.list(groups) ?? [],
            scopes: try grantedScopes(), workspaceID: workspace.flatMap { UUID(text: $0) },
            expiresAt: expiresIn.flatMap(DurationText.parse).map { Date.now.addingTimeInterval($0 / .seconds(1)) })
        let row = try await StoreAccess(configuration: options.load()).withStore {
            try await $0.createAPIKey(StoreAccess.scope(tenantID: tenant), new)
        }
        var members = try row.members()
        members["key"] = .string(key.text)
        if output.json { return Terminal.write(JSON.object(members).text) }
        Terminal.write(KeyText.line(members))
        Terminal.write(key.text)
        Terminal.writeError("The key is shown only now: nothing that is stored could show it again.")
    }
}

struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the keys of a tenant, the newest first, without their secrets.")

    @Option(help: "The tenant.")
    var tenant: String

    @OptionGroup var page: PageOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let request = try pageRequest()
        let list = try await StoreAccess(configuration: options.load()).withStore {
            try await $0.apiKeys(StoreAccess.scope(tenantID: tenant), request)
        }
        if output.json { return Terminal.write(list.json.string) }
        let document = try list.json.members()
        var table = TextTable("ID", "KEY", "NAME", "USER", "SCOPES", "LAST USED", "ENDS")
        for key in document["items"]?.array ?? [] {
            table.add(
                key["id"]?.string ?? "", key["key_id"]?.string ?? "", key["name"]?.string ?? "", key["user_id"]?.string ?? "",
                KeyText.texts(key["scopes"]), key["last_used_at"]?.string ?? "-", KeyText.end(key))
        }
        page.write(table, next: document["next"]?.string, ifEmpty: "no keys")
    }

    private func pageRequest() throws -> PageRequest {
        guard let after = page.after else { return PageRequest(limit: page.limit) }
        guard let token = PageToken(after) else { throw ValidationError("--after takes the 'next' of the page before") }
        return PageRequest(limit: page.limit, after: token)
    }
}

struct KeyRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a key, with the sessions, tickets and streams that were made with it.")

    @Argument(help: "The key's id, or the part of the key between the underscores.")
    var key: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let row = try await StoreAccess(configuration: options.load()).withStore { store in
            if let id = UUID(text: key) { return try await store.revokeAPIKey(id: id, by: StoreAccess.scope) }
            return try await store.revokeAPIKey(keyID: key, by: StoreAccess.scope)
        }
        if output.json { return Terminal.write(row.string) }
        Terminal.write("revoked \(KeyText.line(try row.members()))")
    }
}

struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Makes a new key to sign tickets and sessions with. What the last three keys signed stays good.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        try await StoreAccess(configuration: options.load()).withStore { try await $0.rotateSigningKeys() }
        Terminal.write("rotated the signing keys")
    }
}

/// API keys for people.
private enum KeyText {
    static func line(_ key: JSONObject) -> String {
        let row = JSON.object(key)
        return SafeText.line(
            "\(row["id"]?.string ?? "")  \(row["name"]?.string ?? "")  user \(row["user_id"]?.string ?? "")  "
                + "tenant \(row["tenant_id"]?.string ?? "")  scopes \(texts(row["scopes"]))  \(end(row))")
    }

    static func texts(_ list: JSON?) -> String { (list?.array ?? []).compactMap(\.string).joined(separator: ",") }

    static func end(_ key: JSON) -> String {
        if let revoked = key["revoked_at"]?.string { return "revoked \(revoked)" }
        return key["expires_at"]?.string ?? "never ends"
    }
}
