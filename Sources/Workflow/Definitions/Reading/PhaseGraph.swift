/// The graph that `needs` forms, and its mistakes.
struct PhaseGraph {
    /// A phase as far as it could be read.
    struct Node {
        var id: String?
        var pointer: String
        var needs: [String] = []
        var kind: String?
        var stage: String?
        /// What a branch chooses among.
        var targets: [Target] = []
        /// False when its edges are not known, so that nothing is concluded from them.
        var isReadable = true
    }

    let nodes: [Node]
    let problems: ProblemCollector
    /// The nodes that each node needs, by position; needs that name no phase are left out.
    let needed: [[Int]]
    /// The position of the first node of each id.
    private let positions: [String: Int]

    init(nodes: [Node], problems: ProblemCollector) {
        self.nodes = nodes
        self.problems = problems
        let positions = Dictionary(
            nodes.enumerated().compactMap { index, node in node.id.map { ($0, index) } }, uniquingKeysWith: { first, _ in first })
        self.positions = positions
        needed = nodes.map { $0.needs.compactMap { positions[$0] } }
    }

    func check() {
        checkIDs()
        checkNeeds()
        checkCycles()
        checkUpstream()
        checkBranches()
    }

    /// The first phase with that id.
    func position(of id: String) -> Int? {
        positions[id]
    }

    /// Whether a node could be read and all that it needs is there.
    func isSound(_ index: Int) -> Bool {
        nodes[index].isReadable && needed[index].count == nodes[index].needs.count
    }

    /// Everything upstream of a node; the node itself too when it is part of a cycle.
    func ancestors(of index: Int) -> Set<Int> {
        var found: Set<Int> = []
        var open = needed[index]
        while let next = open.popLast() {
            if found.insert(next).inserted { open += needed[next] }
        }
        return found
    }

    private func checkIDs() {
        for (index, node) in nodes.enumerated() {
            if let id = node.id, positions[id] != index {
                problems.report("is the id of another phase", at: node.pointer + "/id")
            }
        }
    }

    private func checkNeeds() {
        let ids = positions.keys.sorted()
        for node in nodes {
            for (index, need) in node.needs.enumerated() where positions[need] == nil {
                problems.report(
                    "names the unknown phase '\(need.prefix(80))'", unknown: need, among: ids, at: "\(node.pointer)/needs/\(index)")
            }
        }
    }
}
