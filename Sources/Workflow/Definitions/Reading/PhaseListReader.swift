/// Reads `phases`: each on its own, then the graph they form.
struct PhaseListReader {
    let reader: ObjectReader
    /// The slugs that phases may name.
    let agents: [String]
    let ownKinds: OwnKinds

    func read() -> [PhaseDefinition]? {
        guard reader.required("phases") != nil,
            let elements = reader.list("phases", atMost: DefinitionReader.maximumPhases)
        else { return nil }
        guard !elements.isEmpty else {
            reader.report("must have at least one phase", at: "phases")
            return nil
        }
        var phases: [PhaseDefinition] = []
        var nodes: [PhaseGraph.Node] = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.appending(index, to: reader.place("phases"))
            guard let phase = ObjectReader(element, at: place, problems: reader.problems) else {
                nodes.append(PhaseGraph.Node(pointer: place, isReadable: false))
                continue
            }
            let id = readID(phase)
            let before = index > 0 ? nodes[index - 1].id : nil
            let needs = readNeeds(phase, default: before.map { [$0] } ?? [])
            let definition = PhaseReader(reader: phase, agents: agents, ownKinds: ownKinds).read(id: id ?? "", needs: needs ?? [])
            if let definition, id != nil, needs != nil { phases.append(definition) }
            nodes.append(
                PhaseGraph.Node(
                    id: id, pointer: place, needs: needs ?? [], kind: phase.value("kind")?.string,
                    stage: phase.value("stage")?.string, targets: PhaseGraph.targets(of: phase),
                    isReadable: id != nil && needs != nil && (index == 0 || phase.value("needs") != nil || before != nil)))
        }
        PhaseGraph(nodes: nodes, problems: reader.problems).check()
        return phases.count == elements.count ? phases : nil
    }

    private func readID(_ phase: ObjectReader) -> String? {
        guard let id = phase.requiredText("id", atMost: 10_000) else { return nil }
        guard NamePattern.isIdentifier(id) else {
            phase.report(NamePattern.identifierRule, at: "id")
            return nil
        }
        return id
    }

    /// `needs: []` is a root; a `null` is more likely a list that was forgotten, and refused.
    private func readNeeds(_ phase: ObjectReader, default before: [String]) -> [String]? {
        guard let value = phase.members["needs"] else { return before }
        guard case .array(let elements) = value else {
            phase.report("must be a list of phase ids ([] for none), not \(value.typeName.withArticle)", at: "needs")
            return nil
        }
        guard elements.count <= DefinitionReader.maximumPhases else {
            phase.report("must have at most \(DefinitionReader.maximumPhases) elements", at: "needs")
            return nil
        }
        var needs: [String] = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.appending(index, to: phase.place("needs"))
            guard case .string(let id) = element else {
                phase.problems.report("must be the id of a phase", at: place)
                return nil
            }
            if needs.contains(id) { phase.problems.report("names the phase '\(id)' again", at: place) }
            needs.append(id)
        }
        return needs
    }
}
