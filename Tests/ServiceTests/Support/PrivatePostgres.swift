import Foundation
import Glibc

/// The PostgreSQL that a service under test owns.
struct PrivatePostgres: Sendable {
    let dataDirectory: String
    /// Where the service's file system is seen from here.
    var root = ""

    private var pidFile: [String] {
        let text = try? String(contentsOfFile: root + dataDirectory + "/postmaster.pid", encoding: .utf8)
        return (text ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The server's first process; nil when none runs.
    var postmaster: pid_t? {
        guard let pid = pidFile.first.flatMap({ pid_t($0) }), Glibc.kill(pid, 0) == 0 else { return nil }
        let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
        return command?.contains(dataDirectory) == true ? pid : nil
    }

    /// The server's other processes: sessions and workers.
    var children: [pid_t] {
        guard let postmaster else { return [] }
        let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return processes.filter { pid in
            let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            // After the name in parentheses: state, parent.
            let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
            return fields.count > 2 && pid_t(fields[2]) == postmaster
        }
    }

    /// libpq's text for the service's database; the server must run.
    var connectionString: String {
        "host='\(socketDirectory ?? "")' port=5432 user=pressroom dbname=pressroom"
    }

    var socketDirectory: String? { pidFile.count > 4 ? pidFile[4] : nil }

    /// `kill -9`, of the first process or of all of them.
    func kill(withChildren: Bool) {
        guard let postmaster else { return }
        let children = withChildren ? children : []
        for pid in [postmaster] + children { Glibc.kill(pid, SIGKILL) }
    }

    /// Stops what still runs and removes everything. The service must be gone, or it starts the server again.
    ///
    /// - Parameter socketDirectory: as it was known before the service ended, with whom its disk may have gone.
    func remove(socketDirectory: String?) {
        for pid in firstProcesses {
            Glibc.kill(pid, SIGQUIT)
            // Not a child of ours: nobody tells when it is gone.
            for _ in 0..<500 where Glibc.kill(pid, 0) == 0 { usleep(10_000) }
        }
        for path in [dataDirectory, dataDirectory + ".lock", socketDirectory ?? ""] where path.hasPrefix("/tmp/pressroom-") {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Those that were started for this directory, whether it can still be seen from here or not.
    var firstProcesses: [pid_t] {
        let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return processes.filter { pid in
            let command = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
            let arguments = command.split(separator: "\0")
            return arguments.first?.hasSuffix("postgres") == true && arguments.contains { $0 == dataDirectory }
        }
    }
}
