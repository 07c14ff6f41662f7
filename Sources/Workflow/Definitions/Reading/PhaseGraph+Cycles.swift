extension PhaseGraph {
    /// Reports each cycle once, and the phases that only a cycle leads to.
    func checkCycles() {
        var state = CycleSearch(graph: self)
        for index in nodes.indices { state.visit(index) }
        for cycle in state.cycles {
            let names = cycle.map { nodes[$0].id ?? "" }
            let path = (names + names.prefix(1)).joined(separator: " → ")
            problems.report("is part of a cycle: \(path)", at: nodes[cycle[0]].pointer + "/needs")
        }
        guard !state.cycles.isEmpty else { return }
        let inCycles = Set(state.cycles.joined())
        for index in nodes.indices where !inCycles.contains(index) {
            if let blocker = ancestors(of: index).sorted().first(where: inCycles.contains) {
                problems.report(
                    "is unreachable: it waits for '\(nodes[blocker].id ?? "")', which is part of a cycle",
                    at: nodes[index].pointer)
            }
        }
    }
}

/// A depth-first search along `needs` that notes the cycles it closes; iterative over at most 200 phases.
private struct CycleSearch {
    private enum Colour { case white, grey, black }

    let graph: PhaseGraph
    private(set) var cycles: [[Int]] = []
    private var colours: [Colour]
    private var inCycle: Set<Int> = []

    init(graph: PhaseGraph) {
        self.graph = graph
        colours = [Colour](repeating: .white, count: graph.nodes.count)
    }

    mutating func visit(_ start: Int) {
        guard colours[start] == .white else { return }
        var path = [start]
        var pending = [graph.needed[start]]
        colours[start] = .grey
        while let current = path.last {
            guard let next = pending[pending.count - 1].popLast() else {
                colours[current] = .black
                path.removeLast()
                pending.removeLast()
                continue
            }
            switch colours[next] {
            case .black: continue
            case .grey: note(Array(path[(path.firstIndex(of: next) ?? 0)...]))
            case .white:
                colours[next] = .grey
                path.append(next)
                pending.append(graph.needed[next])
            }
        }
    }

    private mutating func note(_ cycle: [Int]) {
        guard inCycle.isDisjoint(with: cycle) else { return }
        inCycle.formUnion(cycle)
        // Turned so that it starts with the phase that stands first.
        let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
        cycles.append(Array(cycle[first...] + cycle[..<first]))
    }
}
