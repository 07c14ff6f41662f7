import Glibc

/// An exclusive lock between processes, which ends with the process that holds it, however that ends.
final class FileLock: Sendable {
    private let file: Int32

    /// `nil` when another process holds the lock. Throws when the file cannot be created.
    init?(tryLocking path: String) throws(EmbeddedPostgresError) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw EmbeddedPostgresError(code: .directory, message: "cannot write \(path): \(reason)")
        }
        // `deinit` closes the file, also when this fails.
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(file)
    }
}
