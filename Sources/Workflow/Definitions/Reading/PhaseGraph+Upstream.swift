extension PhaseGraph {
    /// Reports phases that lack what they work on: something written, or judged, before them.
    func checkUpstream() {
        for (index, node) in nodes.enumerated() {
            guard let kind = node.kind.flatMap(PhaseKind.init(rawValue:)) else { continue }
            let upstream = ancestors(of: index)
            // Where edges are broken already, a missing phase upstream is only their echo.
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
