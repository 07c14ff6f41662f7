/// The state of an evaluation, one judge's verdict on one output.
package enum EvaluationStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case processing
    case completed
    case failed

    /// Whether nothing more happens to it, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed: true
        default: false
        }
    }
}

extension EvaluationStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
