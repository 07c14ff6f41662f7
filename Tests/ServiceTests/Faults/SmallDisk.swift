import Base
import Foundation
import Glibc
import TestSupport

/// A file system of some megabytes that only one service and what it starts can see; it goes away with them.
struct SmallDisk: Sendable {
    let directory: String
    let megabytes: Int

    /// Root mounts it in a namespace of mounts; others need a namespace of users besides.
    static var launcher: [String] {
        ["unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-current-user", "--keep-caps"]) + ["--mount", "--"]
    }

    /// What mounts it, once the launcher has made the namespace.
    var prelude: [String] {
        ["mkdir -p '\(directory)'", "mount -t tmpfs -o 'size=\(megabytes)m,mode=755' tmpfs '\(directory)'"]
    }

    /// Whether this machine lets the tests have such a disk; says why not.
    static func isPossible() async -> Bool {
        let disk = SmallDisk(directory: FileManager.default.temporaryDirectory.path + "/pressroom-disk-\(getpid())", megabytes: 1)
        defer { rmdir(disk.directory) }
        let command = launcher + ["/bin/sh", "-c", disk.prelude.joined(separator: " && ")]
        do {
            let child = try ChildProgram(command[0], Array(command.dropFirst()), directory: "/")
            if try await child.exit() == 0 { return true }
            print("no small disk can be mounted here: \(child.errors.text)")
        } catch {
            print("no small disk can be mounted here: \(error)")
        }
        return false
    }

    /// Leaves no byte free, as seen through the service's process. No other child of the tests may inherit the file, or it
    /// would keep its bytes when it is removed.
    func fill(of process: pid_t) throws {
        let file = open(filler(process), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        var size = 1 << 20
        let zeros = [UInt8](repeating: 0, count: size)
        while size > 0 {
            if write(file, zeros, size) > 0 { continue }
            guard errno == ENOSPC else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            size /= 2
        }
    }

    func free(of process: pid_t) throws {
        guard unlink(filler(process)) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    private func filler(_ process: pid_t) -> String { "/proc/\(process)/root\(directory)/filler" }
}
