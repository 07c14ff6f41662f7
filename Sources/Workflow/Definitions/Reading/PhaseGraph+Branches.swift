extension PhaseGraph {
    /// A phase that a branch names, and where it does.
    struct Target {
        var id: String
        var pointer: String
    }

    /// Reports branches that choose what does not come right after them.
    func checkBranches() {
        let ids = nodes.compactMap(\.id).sorted()
        for (index, node) in nodes.enumerated() {
            for target in node.targets {
                guard let position = position(of: target.id) else {
                    problems.report(
                        "names the unknown phase '\(target.id.prefix(80))'", unknown: target.id, among: ids, at: target.pointer)
                    continue
                }
                if nodes[position].isReadable, !needed[position].contains(index) {
                    problems.report(
                        "names the phase '\(target.id)', which does not need '\(node.id ?? "")': write needs: [\(node.id ?? "")] there",
                        at: target.pointer)
                }
            }
        }
    }

    /// What a `branch` names, as far as it can be read.
    static func targets(of phase: ObjectReader) -> [Target] {
        guard phase.value("kind")?.string == PhaseKind.branch.rawValue else { return [] }
        var targets: [Target] = []
        func add(_ value: JSON?, at place: String) {
            if let id = value?.string { targets.append(Target(id: id, pointer: place)) }
            for (index, element) in (value?.array ?? []).enumerated() {
                if let id = element.string { targets.append(Target(id: id, pointer: JSONPointer.appending(index, to: place))) }
            }
        }
        for (index, element) in (phase.value("cases")?.array ?? []).enumerated() {
            let place = JSONPointer.appending(index, to: phase.place("cases"))
            add(element["then"], at: JSONPointer.appending("then", to: place))
        }
        add(phase.value("else"), at: phase.place("else"))
        return targets
    }
}
