import Foundation

/// The resident memory of processes of this machine.
enum ProcessMemory {
    /// Bytes, of all of them together.
    static func resident(_ processes: [Int32]) throws(CommandFailure) -> Int {
        var total = 0
        for pid in processes { total += try resident(pid) }
        return total
    }

    private static func resident(_ pid: Int32) throws(CommandFailure) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8), !text.isEmpty else {
            throw CommandFailure("the memory of process \(pid) cannot be read: is it running here, and yours?")
        }
        for line in text.split(separator: "\n") where line.hasPrefix("Rss:") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) { return kilobytes * 1024 }
        }
        throw CommandFailure("/proc/\(pid)/smaps_rollup has no Rss")
    }
}
