/// Parts of a task's state that are left out unless asked for.
package enum StateInclusion: String, Sendable, Hashable, CaseIterable {
    /// The earlier texts of the outputs, under `output_versions`.
    case versions
    /// The lines that phases wrote, under `logs`.
    case logs
}
