/// The state of a human task, a step that waits for a person.
package enum HumanTaskStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case claimed
    case completed
    case cancelled
    case expired

    /// Whether nothing more happens to it.
    package var isTerminal: Bool {
        switch self {
        case .completed, .cancelled, .expired: true
        case .pending, .claimed: false
        }
    }
}

extension HumanTaskStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
