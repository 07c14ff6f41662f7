import Foundation

/// The offset of a time zone from UTC at any moment, in the future by its present rules.
package struct ZoneRules: Sendable, Hashable {
    /// As in the IANA time zone database: `Europe/Berlin`, `UTC`.
    package let name: String
    private let zone: TimeZone

    /// - Throws: `ZoneProblem` when there is no such zone.
    package init(_ name: String) throws(ZoneProblem) {
        guard Self.isName(name), let zone = TimeZone(identifier: name) else {
            throw TimeZone(identifier: Self.wellKnown) == nil ? ZoneProblem.noZones : ZoneProblem.unknown
        }
        self.name = name
        self.zone = zone
    }

    /// In seconds, east of Greenwich above 0; `instant` in seconds since 1970-01-01 UTC.
    func offset(at instant: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant))))
    }

    /// The first instant after `start` and not after `end` with another offset than at `start`; nil when there is none.
    /// Zones keep each offset for longer than `stride`.
    func change(after start: Int64, through end: Int64) -> Int64? {
        let offset = offset(at: start)
        var known = start
        while known < end {
            var changed = min(known + Self.stride, end)
            if self.offset(at: changed) == offset {
                known = changed
                continue
            }
            while changed - known > 1 {
                let middle = known + (changed - known) / 2
                if self.offset(at: middle) == offset { known = middle } else { changed = middle }
            }
            return changed
        }
        return nil
    }

    private static let stride: Int64 = 12 * 3_600
    private static let wellKnown = "Europe/Berlin"

    /// Abbreviations are refused, since Foundation takes BST for Dhaka's time and IST for Kolkata's. So are offsets
    /// (`GMT+3`), for which the database has names (`Etc/GMT-3`).
    private static func isName(_ text: String) -> Bool {
        if text == "UTC" || text == "GMT" { return true }
        return text.utf8.count <= 64 && text.contains("/") && !text.hasPrefix("SystemV/")
    }
}

/// Why a zone cannot be used.
package enum ZoneProblem: Error, Sendable, CustomStringConvertible {
    case unknown
    case noZones

    /// The end of a sentence about the name of the zone.
    package var description: String {
        switch self {
        case .unknown: "must be the name of a time zone, such as Europe/Berlin or UTC"
        case .noZones: "cannot be looked up: this machine has no time zone data (package tzdata)"
        }
    }
}
