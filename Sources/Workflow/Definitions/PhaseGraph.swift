import Base

/// The graph that `needs` forms, and the checks of it.
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
        /// False when its edges are not known; then nothing is concluded from them.
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
        // Turned to start with the phase that comes first in the document.
        let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
        cycles.append(Array(cycle[first...] + cycle[..<first]))
    }
}

extension PhaseGraph {
    /// Reports phases that lack what they work on: a `write` or an initial `evaluate` phase before them.
    func checkUpstream() {
        for (index, node) in nodes.enumerated() {
            guard let kind = node.kind.flatMap(PhaseKind.init(rawValue:)) else { continue }
            let upstream = ancestors(of: index)
            // With broken edges a phase that seems to be missing may be there.
            guard isSound(index), upstream.allSatisfy({ isSound($0) }), !upstream.contains(index) else {
                continue
            }
            let above = upstream.map { nodes[$0] }
            switch kind {
            case .edit, .evaluate, .rank, .select:
                if !above.contains(where: { $0.kind == PhaseKind.write.rawValue }) {
                    problems.report("needs a 'write' phase somewhere before it", at: node.pointer)
                } else if kind == .select, !above.contains(where: isInitialEvaluation) {
                    problems.report("needs an 'evaluate' phase of the stage 'initial' somewhere before it", at: node.pointer)
                }
            default:
                break
            }
        }
    }

    private func isInitialEvaluation(_ node: Node) -> Bool {
        node.kind == PhaseKind.evaluate.rawValue && (node.stage ?? Stage.initial.rawValue) == Stage.initial.rawValue
    }
}

extension PhaseGraph {
    /// A phase that a branch names, and where it does.
    struct Target {
        var id: String
        var pointer: String
    }

    /// Reports branches that choose phases that do not need them.
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

    /// The phases that a `branch` names, as far as they can be read.
    static func targets(of phase: ObjectReader) -> [Target] {
        guard phase.members["kind"]?.string == PhaseKind.branch.rawValue else { return [] }
        var targets: [Target] = []
        func add(_ value: JSON?, at place: String) {
            if let id = value?.string { targets.append(Target(id: id, pointer: place)) }
            for (index, element) in (value?.array ?? []).enumerated() {
                if let id = element.string { targets.append(Target(id: id, pointer: JSONPointer.appending(index, to: place))) }
            }
        }
        for (index, element) in (phase.members["cases"]?.array ?? []).enumerated() {
            let place = JSONPointer.appending(index, to: phase.place("cases"))
            add(element["then"], at: JSONPointer.appending("then", to: place))
        }
        add(phase.members["else"], at: phase.place("else"))
        return targets
    }
}
