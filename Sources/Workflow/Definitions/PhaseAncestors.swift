/// All phases before each phase, near and far.
package struct PhaseAncestors: Sendable {
    package let of: [String: Set<String>]

    package init(_ phases: [PhaseDefinition]) {
        var ancestors: [String: Set<String>] = [:]
        // Definitions have no cycles, so as many rounds as phases reach every ancestor.
        for _ in phases {
            var grew = false
            for phase in phases {
                let all = phase.needs.reduce(into: Set(phase.needs)) { all, need in all.formUnion(ancestors[need] ?? []) }
                if ancestors[phase.id]?.count != all.count {
                    ancestors[phase.id] = all
                    grew = true
                }
            }
            if !grew { break }
        }
        of = ancestors
    }
}
