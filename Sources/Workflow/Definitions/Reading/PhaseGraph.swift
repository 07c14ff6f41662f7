/// The graph that `needs` forms, and its mistakes.
struct PhaseGraph {
    /// A phase as far as it could be read.
    struct Node {
        var id: String?
        var pointer: String
        var needs: [String] = []
        var kind: String?
        var stage: String?
        /// False when its edges are not known, so that nothing is concluded from them.
        var isReadable = true
    }

    let nodes: [Node]
    let problems: ProblemCollector

    func check() {
        checkIDs()
        checkNeeds()
        checkCycles()
        checkUpstream()
    }

    /// The first node of each id.
    private var indices: [String: Int] {
        var result: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            if let id = node.id, result[id] == nil { result[id] = index }
        }
        return result
    }

    private func checkIDs() {
        var seen: Set<String> = []
        for node in nodes {
            if let id = node.id, !seen.insert(id).inserted {
                problems.report("is the id of another phase", at: node.pointer + "/id")
            }
        }
    }

    private func checkNeeds() {
        let ids = nodes.compactMap(\.id)
        for node in nodes {
            for (position, need) in node.needs.enumerated() where !ids.contains(need) {
                let nearest = NearestName.of(need, among: ids)
                problems.report(
                    "names the unknown phase '\(need)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                    at: "\(node.pointer)/needs/\(position)")
            }
        }
    }
}
