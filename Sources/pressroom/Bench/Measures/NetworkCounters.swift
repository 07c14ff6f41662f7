import Foundation

/// What the kernel counts of TCP on the whole machine; 0 where it does not say.
struct NetworkCounters: Sendable {
    var synRetransmits = 0
    var retransmittedSegments = 0
    /// Connections that were not accepted because the listener's queue was full.
    var listenDrops = 0

    static func now() -> NetworkCounters {
        let extended = table("/proc/net/netstat", "TcpExt:"), plain = table("/proc/net/snmp", "Tcp:")
        return NetworkCounters(
            synRetransmits: extended["TCPSynRetrans"] ?? 0, retransmittedSegments: plain["RetransSegs"] ?? 0,
            listenDrops: extended["ListenDrops"] ?? 0)
    }

    func since(_ before: NetworkCounters) -> NetworkCounters {
        NetworkCounters(
            synRetransmits: synRetransmits - before.synRetransmits,
            retransmittedSegments: retransmittedSegments - before.retransmittedSegments,
            listenDrops: listenDrops - before.listenDrops)
    }

    /// A line of names and one of numbers.
    private static func table(_ path: String, _ prefix: String) -> [String: Int] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { $0.split(separator: " ") }
        guard lines.count == 2 else { return [:] }
        return Dictionary(zip(lines[0].map(String.init), lines[1].map { Int($0) ?? 0 })) { first, _ in first }
    }
}
