package import Workflow

/// The waiting steps of a tenant that the same limits bind, as in `steps.lane`: the model, and behind a space the
/// workflow where that limits its steps. Steps without either are in the lane "".
package struct Lane: Sendable, Hashable {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package var model: ModelName? {
        name.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).first.flatMap { ModelName(String($0)) }
    }

    package var workflow: String? {
        let parts = name.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[1]) : nil
    }
}
