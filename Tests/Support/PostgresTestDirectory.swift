import Foundation
import Glibc

/// The temporary directories of test processes, named after the process, so that the next run can remove what a
/// killed one left behind.
package enum PostgresTestDirectory {
    private static let root = "/tmp"
    private static let prefix = "pressroom-tests-"

    /// For data directories, one a server.
    package static let own = "\(root)/\(prefix)\(getpid())"

    /// The repository's migrations, found from this file, also when the sources are reached by a link.
    package static var migrations: String {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("migrations").path
    }

    static func removeOwn() {
        remove(own)
    }

    /// Removes the directories of processes that are gone, and stops their servers.
    static func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] where name.hasPrefix(prefix) {
            guard let pid = pid_t(name.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH else { continue }
            remove("\(root)/\(name)")
        }
    }

    private static func remove(_ directory: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            stopServer("\(directory)/\(name)")
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    static func removeServer(_ data: String) {
        stopServer(data)
        for path in [data, data + ".lock", data + ".initialising"] { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func stopServer(_ data: String) {
        let file = try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)
        guard let lines = file?.split(separator: "\n", omittingEmptySubsequences: false), lines.count > 4,
            let pid = pid_t(lines[0])
        else { return }
        let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
        if command?.contains(data) ?? false {
            // Immediate shutdown: there is nothing to save. Not a child of ours: nobody tells when it is gone.
            kill(pid, SIGQUIT)
            for _ in 0..<200 where kill(pid, 0) == 0 { usleep(10_000) }
        }
        let socket = String(lines[4])
        if socket.hasPrefix("\(root)/pressroom-") { try? FileManager.default.removeItem(atPath: socket) }
    }
}
