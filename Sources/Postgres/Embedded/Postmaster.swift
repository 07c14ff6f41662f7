import Foundation
import Glibc

/// The server process that a data directory's `postmaster.pid` names.
package struct Postmaster: Sendable, Hashable {
    package let pid: Int32
    let port: Int
    let socketDirectory: String
    /// `starting`, `ready`, `stopping`.
    let status: String

    /// Reads the file (PostgreSQL: `src/include/utils/pidfile.h`). `nil` when there is none or it is incomplete.
    package init?(pidFileOf dataDirectory: String) {
        guard let text = try? String(contentsOfFile: Self.pidFile(dataDirectory), encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard let first = lines.first, let pid = Int32(first), pid > 0 else { return nil }
        self.pid = pid
        port = lines.count > 3 ? Int(lines[3]) ?? 0 : 0
        socketDirectory = lines.count > 4 ? lines[4] : ""
        status = lines.count > 7 ? lines[7] : "starting"
    }

    static func pidFile(_ dataDirectory: String) -> String { dataDirectory + "/postmaster.pid" }

    /// The server of that directory, if it lives.
    static func alive(in dataDirectory: String) -> Postmaster? {
        Postmaster(pidFileOf: dataDirectory).flatMap { $0.isAlive(in: dataDirectory) ? $0 : nil }
    }

    /// Returns when a server that has just been launched can be told to stop, or does not run. It has no pid file in its first
    /// moments, and `pg_ctl` knows none without.
    static func awaitPidFile(in dataDirectory: String) async {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while alive(in: dataDirectory) == nil, isLaunched(in: dataDirectory), ContinuousClock.now < deadline {
            // The task is cancelled, and could not sleep.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    /// Whether a server runs with that directory, or the shell that becomes one.
    private static func isLaunched(in dataDirectory: String) -> Bool {
        let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return processes.contains { pid in
            guard pid != getpid(), let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8) else {
                return false
            }
            let arguments = command.split(separator: "\0")
            guard let program = arguments.first?.split(separator: "/").last else { return false }
            return program == "postgres" && arguments.contains { $0 == dataDirectory }
                || program == "sh" && arguments.contains { $0.contains("postgres\" -D \"\(dataDirectory)\"") }
        }
    }

    /// The process exists, is a PostgreSQL, and works in that directory: its number may have been given to another.
    func isAlive(in dataDirectory: String) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"),
            let state = stat[close...].split(separator: " ").dropFirst().first
        else { return false }
        let name = stat[stat.index(after: open)..<close]
        guard name == "postgres" || name == "postmaster", state != "Z", state != "X" else { return false }
        guard let directory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd") else {
            return true
        }
        return directory == Self.realPath(dataDirectory)
    }

    /// Makes a `postmaster.pid` harmless whose process number now belongs to another process. The file stays, because
    /// with the rest of it the new server finds orphaned children of the old one.
    static func disarmPidFile(of dataDirectory: String) {
        let path = pidFile(dataDirectory)
        guard let postmaster = Postmaster(pidFileOf: dataDirectory), kill(postmaster.pid, 0) == 0 || errno == EPERM,
            let text = try? String(contentsOfFile: path, encoding: .utf8), let end = text.firstIndex(of: "\n"),
            let file = fopen(path, "r+")
        else { return }
        defer { fclose(file) }
        // Larger than any process number of Linux (4,194,304).
        let changed = "999999999" + text[end...]
        fputs(changed, file)
        ftruncate(fileno(file), off_t(changed.utf8.count))
    }

    /// Removes a `postmaster.pid` that names no process: a full disk or a power cut has left it empty or cut short, and
    /// PostgreSQL would refuse to start. Only without any server of the directory.
    /// - Returns: whether there was one.
    static func removeBrokenPidFile(of dataDirectory: String) -> Bool {
        let path = pidFile(dataDirectory)
        guard let bytes = FileManager.default.contents(atPath: path) else { return false }
        let isWhole = bytes.contains(UInt8(ascii: "\n")) && Postmaster(pidFileOf: dataDirectory) != nil
        guard !isWhole, !isUsed(dataDirectory) else { return false }
        return unlink(path) == 0
    }

    /// Whether any process of PostgreSQL works in a data directory.
    private static func isUsed(_ dataDirectory: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let directory = realPath(dataDirectory)
        return processes.lazy.filter { Int32($0) != nil }.contains { process in
            let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
            guard let name, name.hasPrefix("postgres") || name.hasPrefix("postmaster") else { return false }
            let link = "/proc/\(process)/cwd"
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else {
                // A process that may not be looked at counts as one; one that has ended has no directory any more.
                var buffer = [CChar](repeating: 0, count: 1)
                return readlink(link, &buffer, buffer.count) < 0 && errno == EACCES
            }
            return target == directory
        }
    }

    static func realPath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
