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
