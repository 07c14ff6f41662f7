import Foundation

/// Processors that this process may use: fewer than the machine has when it is pinned (`taskset`, a container's cpuset).
enum UsableProcessors {
    /// Counted in the mask that the kernel shows (proc(5), `Cpus_allowed`).
    static var count: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
        else { return ProcessInfo.processInfo.activeProcessorCount }
        let mask = line.dropFirst("Cpus_allowed:".count)
        return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) })
    }
}
