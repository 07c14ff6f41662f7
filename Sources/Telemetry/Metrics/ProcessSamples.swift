import Foundation

/// What the kernel knows of this process (proc(5)).
package enum ProcessSamples {
    /// What can be read; nothing on systems without `/proc`.
    package static func now() -> [MetricSample] {
        var samples: [MetricSample] = []
        if let status = statusFields() {
            // In clock ticks: fields 14 and 15 (processor time) and 22 (start), of which the first three come before.
            let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
            if let user = status[14], let system = status[15] {
                samples.append(MetricSample(.processCPU, (user + system) / ticks))
            }
            if let threads = status[20] { samples.append(MetricSample(.processThreads, threads)) }
            if let started = status[22], let boot = bootTime {
                samples.append(MetricSample(.processStart, boot + started / ticks))
            }
            if let bytes = status[23] { samples.append(MetricSample(.processVirtualMemory, bytes)) }
            if let pages = status[24] {
                samples.append(MetricSample(.processMemory, pages * Double(max(1, sysconf(Int32(_SC_PAGESIZE))))))
            }
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            samples.append(MetricSample(.processFiles, Double(files.count)))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.append(MetricSample(.processMaxFiles, Double(limit.rlim_cur)))
        }
        return samples
    }

    /// The numbers of `/proc/self/stat`, counted from 1. The second field is the program's name, which may hold blanks.
    private static func statusFields() -> [Int: Double]? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return Dictionary(uniqueKeysWithValues: fields.enumerated().compactMap { index, field in
            Double(field).map { (index + 3, $0) }
        })
    }

    /// When the machine started, in seconds since 1970.
    private static let bootTime: Double? = {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }()
}
