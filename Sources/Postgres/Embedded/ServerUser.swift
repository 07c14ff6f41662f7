import Glibc

/// Who the private server runs as. PostgreSQL refuses to run as root, so that root needs somebody else.
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
            let reason = String(cString: strerror(errno))
            throw EmbeddedPostgresError(code: .directory, message: "cannot give \(path) to user \(userID): \(reason)")
        }
    }
}
