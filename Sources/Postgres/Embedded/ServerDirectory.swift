import Base
import Foundation
import Glibc
import Logging

/// The directories of a private server: its data, and its socket.
struct ServerDirectory: Sendable {
    let data: String
    let socket: String
    let user: ServerUser

    /// Chooses the directories: the requested one, unless the server's user cannot reach it.
    init(_ requested: String, logger: Logger) throws(EmbeddedPostgresError) {
        let absolute = requested.hasPrefix("/") ? requested : FileManager.default.currentDirectoryPath + "/" + requested
        var path = URL(fileURLWithPath: absolute).standardizedFileURL.path
        var owner = ServerUser.owner(of: path)
        let standard = try ServerUser.standard()
        if let found = owner, geteuid() != 0, !found.isCurrent {
            throw EmbeddedPostgresError(code: .directory, message: "\(path) belongs to user \(found.userID)")
        }
        if owner == nil, !standard.canTraverse(to: (path as NSString).deletingLastPathComponent) {
            let fallback = "/var/lib/pressroom/\(StableHash.hex(path))"
            logger.notice("user \(standard.userID) cannot reach \(path); the database lives in \(fallback)")
            path = fallback
            owner = ServerUser.owner(of: path)
        }
        // pg_ctl hands the path to a shell, in double quotes.
        guard !path.contains(where: { "\"$`\\\n".contains($0) }) else {
            throw EmbeddedPostgresError(code: .directory, message: "\(path) has a character that pg_ctl cannot take")
        }
        data = path
        user = owner ?? standard
        // Short, because the path of a socket has at most 107 bytes.
        socket = "/tmp/pressroom-\(StableHash.hex(path))"
    }

    var parent: String { (data as NSString).deletingLastPathComponent }
    var logFile: String { data + "/server.log" }
    var lockFile: String { data + ".lock" }

    /// The major version of the data; `nil` before the first start.
    var version: String? {
        (try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8))?.trimmingLineEnd
    }

    func createParent() throws(EmbeddedPostgresError) {
        var path = ""
        for name in parent.split(separator: "/") {
            path += "/\(name)"
            guard mkdir(path, 0o777) != 0, errno != EEXIST else { continue }
            let number = errno
            // A directory on the way may exist on a file system where none can be made.
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue { continue }
            throw EmbeddedPostgresError(code: .directory, failed: "cannot create \(path)", number)
        }
    }

    /// Initialises the data in a directory beside `data` and renames that when it is complete, so that a crash leaves
    /// nothing that looks like a database.
    func initialise(_ binaries: PostgresBinaries) async throws(EmbeddedPostgresError) {
        if let contents = try? FileManager.default.contentsOfDirectory(atPath: data), !contents.isEmpty {
            throw EmbeddedPostgresError(
                code: .directory, message: "\(data) is neither empty nor a data directory of PostgreSQL"
            )
        }
        let draft = data + ".initialising"
        try? FileManager.default.removeItem(atPath: draft)
        guard mkdir(draft, 0o700) == 0 else { throw failure("cannot create \(draft)") }
        try user.own(draft)
        try await ChildProcess.check(
            user.command([
                binaries.initdb, "-D", draft, "--username=\(EmbeddedPostgres.userName)", "--encoding=UTF8",
                "--locale=\(Self.locale)", "--auth-local=trust", "--auth-host=reject",
            ]),
            endsWhenCancelled: true)
        guard rename(draft, data) == 0 else { throw failure("cannot move \(draft) to \(data)") }
    }

    /// Creates the private directory of the socket, and refuses one that belongs to another user.
    func prepareSocketDirectory() throws(EmbeddedPostgresError) {
        if mkdir(socket, 0o700) != 0, errno != EEXIST { throw failure("cannot create \(socket)") }
        var info = stat()
        guard lstat(socket, &info) == 0, info.st_mode & S_IFMT == S_IFDIR,
            info.st_uid == user.userID || info.st_uid == geteuid()
        else {
            throw EmbeddedPostgresError(code: .directory, message: "\(socket) belongs to user \(info.st_uid)")
        }
        try user.own(socket)
        // No server lives: its old socket would keep a new one from listening.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: socket)) ?? [] { unlink("\(socket)/\(name)") }
    }

    /// `C.UTF-8` where the system knows it, else `C`: both sort by code point, the same on every machine.
    private static var locale: String {
        guard let locale = newlocale(LC_CTYPE_MASK | LC_COLLATE_MASK, "C.UTF-8", nil) else { return "C" }
        freelocale(locale)
        return "C.UTF-8"
    }

    private func failure(_ text: String) -> EmbeddedPostgresError {
        EmbeddedPostgresError(code: .directory, failed: text, errno)
    }
}

/// The user that the private server runs as. PostgreSQL refuses to run as root, so root needs another user.
struct ServerUser: Sendable, Hashable {
    let userID: uid_t
    let groupID: gid_t

    /// The current user, or for root `postgres` if that user exists, else `nobody`.
    static func standard() throws(EmbeddedPostgresError) -> ServerUser {
        guard geteuid() == 0 else { return ServerUser(userID: geteuid(), groupID: getegid()) }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) { return ServerUser(userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid) }
        }
        throw EmbeddedPostgresError(
            code: .directory, message: "PostgreSQL does not run as root, and there is no user postgres or nobody"
        )
    }

    /// The owner of an existing directory; `nil` when there is none or root owns it.
    static func owner(of path: String) -> ServerUser? {
        var info = stat()
        guard stat(path, &info) == 0, info.st_uid != 0 else { return nil }
        return ServerUser(userID: info.st_uid, groupID: info.st_gid)
    }

    var isCurrent: Bool { userID == geteuid() }

    /// The command as this user.
    func command(_ arguments: [String]) -> [String] {
        if isCurrent { return arguments }
        return ["setpriv", "--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups", "--"] + arguments
    }

    /// Whether this user may enter every directory on the way to `path` (access lists beyond the mode are not seen).
    func canTraverse(to path: String) -> Bool {
        var prefix = path
        while !prefix.isEmpty {
            var info = stat()
            if stat(prefix, &info) == 0 {
                let bit: mode_t = info.st_uid == userID ? 0o100 : info.st_gid == groupID ? 0o010 : 0o001
                if info.st_mode & bit == 0 { return false }
            }
            guard let slash = prefix.lastIndex(of: "/") else { return true }
            prefix = String(prefix[..<slash])
        }
        return true
    }

    /// Gives a directory to this user, alone. Only root can, and only root needs to.
    func own(_ path: String) throws(EmbeddedPostgresError) {
        guard isCurrent || chown(path, userID, groupID) == 0, chmod(path, 0o700) == 0 else {
            throw EmbeddedPostgresError(code: .directory, failed: "cannot give \(path) to user \(userID)", errno)
        }
    }
}
