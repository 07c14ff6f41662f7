import Base

/// Reads `phases`: each by itself, then the graph that they form.
struct PhaseListReader {
    let reader: ObjectReader
    /// The slugs that phases may name.
    let agents: [String]
    let customKinds: CustomKinds

    func read() -> [PhaseDefinition]? {
        guard reader.required("phases") != nil,
            let elements = reader.objects("phases", maxCount: DefinitionReader.maxPhases)
        else { return nil }
        guard !elements.isEmpty else {
            reader.report("must have at least one phase", at: "phases")
            return nil
        }
        var phases: [PhaseDefinition] = []
        var nodes: [PhaseGraph.Node] = []
        for (index, phase) in elements.enumerated() {
            guard phase.isObject else {
                nodes.append(PhaseGraph.Node(pointer: phase.pointer, isReadable: false))
                continue
            }
            let id = readID(phase)
            let before = index > 0 ? nodes[index - 1].id : nil
            let needs = readNeeds(phase, default: before.map { [$0] } ?? [])
            let definition = PhaseReader(reader: phase, agents: agents, customKinds: customKinds).read(id: id ?? "", needs: needs ?? [])
            if let definition, id != nil, needs != nil { phases.append(definition) }
            // `members`, because a kind that does not read these keys does not know them.
            nodes.append(
                PhaseGraph.Node(
                    id: id, pointer: phase.pointer, needs: needs ?? [], kind: phase.members["kind"]?.string,
                    stage: phase.members["stage"]?.string, targets: PhaseGraph.targets(of: phase),
                    isReadable: id != nil && needs != nil && (index == 0 || phase.value("needs") != nil || before != nil)))
        }
        PhaseGraph(nodes: nodes, problems: reader.problems).check()
        return phases.count == elements.count ? phases : nil
    }

    private func readID(_ phase: ObjectReader) -> String? {
        guard let id = phase.text("id", isRequired: true, maxLength: 10_000) else { return nil }
        guard NamePattern.isIdentifier(id) else {
            phase.report(NamePattern.identifierRule, at: "id")
            return nil
        }
        return id
    }

    /// `needs: []` is a root; `null` is refused, since it is more likely a forgotten list.
    private func readNeeds(_ phase: ObjectReader, default before: [String]) -> [String]? {
        guard phase.has("needs"), let value = phase.members["needs"] else { return before }
        guard case .array(let elements) = value else {
            phase.mismatch("a list of phase ids ([] for none)", value, at: "needs")
            return nil
        }
        guard elements.count <= DefinitionReader.maxPhases else {
            phase.report("must have at most \(DefinitionReader.maxPhases) elements", at: "needs")
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

/// Reads one phase: the attributes that all kinds share, then those of its kind.
struct PhaseReader {
    let reader: ObjectReader
    let agents: [String]
    let customKinds: CustomKinds

    func read(id: String, needs: [String]) -> PhaseDefinition? {
        let kind = readKind()
        let name = kind == .signal || kind == .workflow ? nil : reader.text("name", maxLength: 200)
        let retry = reader.nested("retry").map(RetryPolicy.init(reading:)) ?? RetryPolicy()
        let timeout = reader.duration("timeout")
        let concurrency = reader.integer("concurrency", in: 1...1_000)
        let onFailure = reader.word("on_failure", as: OnFailure.self) ?? .fail
        let onCut = kind?.hasAgents == true ? reader.word("on_cut", as: OnCut.self) ?? .continue : .continue
        let when = reader.expression("when")
        let fanOut = FanOut(reading: reader)
        let repeats = reader.nested("repeat").flatMap(RepeatPolicy.init(reading:))
        if let kind { refuseUnfit(kind) }
        guard let kind, let spec = readSpec(kind, id: id) else { return nil }
        return PhaseDefinition(
            id: id, name: name, needs: needs, retry: retry, timeout: timeout, concurrency: concurrency,
            onFailure: onFailure, onCut: onCut, when: when, fanOut: fanOut, repeats: repeats, spec: spec)
    }

    private func refuseUnfit(_ kind: PhaseKind) {
        if !kind.canFanOut, reader.value("for_each") != nil {
            reader.report("cannot be used on a phase of kind '\(kind.rawValue)'", at: "for_each")
        }
        if !kind.canRepeat, reader.value("repeat") != nil {
            reader.report("cannot be used on a phase of kind '\(kind.rawValue)'", at: "repeat")
        }
    }

    private func readKind() -> PhaseKind? {
        if let name = reader.required("kind")?.string, CustomKinds.isName(name) { return .custom }
        let words = PhaseKind.allCases.filter { $0 != .custom }.map(\.rawValue)
        return reader.word("kind", among: words).flatMap(PhaseKind.init(rawValue:))
    }

    private func readSpec(_ kind: PhaseKind, id: String) -> PhaseSpec? {
        let spec: PhaseSpec?
        switch kind {
        case .write: spec = WritePhase(reading: self).map(PhaseSpec.write)
        case .edit: spec = EditPhase(reading: self).map(PhaseSpec.edit)
        case .evaluate: spec = EvaluatePhase(reading: self).map(PhaseSpec.evaluate)
        case .select: spec = .select(SelectPhase(reading: self))
        case .rank: spec = RankPhase(reading: self).map(PhaseSpec.rank)
        case .transform: spec = TransformPhase(reading: self).map(PhaseSpec.transform)
        case .branch: spec = BranchPhase(reading: self).map(PhaseSpec.branch)
        case .signal: spec = SignalPhase(reading: self, id: id).map(PhaseSpec.signal)
        case .agent: spec = AgentPhase(reading: self).map(PhaseSpec.agent)
        case .delay: spec = DelayPhase(reading: self).map(PhaseSpec.delay)
        case .log: spec = LogPhase(reading: self).map(PhaseSpec.log)
        case .http: spec = HTTPPhase(reading: self).map(PhaseSpec.http)
        case .custom: return CustomPhase(reading: self).map(PhaseSpec.custom)
        case .human: spec = HumanPhase(reading: self).map(PhaseSpec.human)
        case .workflow: spec = WorkflowPhase(reading: self).map(PhaseSpec.workflow)
        }
        reader.refuseUnknownKeys()
        return spec
    }

    /// The `agents` of a phase: at least one, each known, none twice.
    func readAgents() -> [String]? {
        guard reader.required("agents") != nil, let slugs = reader.strings("agents", maxCount: 100, maxLength: 10_000) else {
            return nil
        }
        guard !slugs.isEmpty else {
            if reader.value("agents")?.array?.isEmpty == true { reader.report("must name at least one agent", at: "agents") }
            return nil
        }
        var seen: Set<String> = []
        for (index, value) in (reader.value("agents")?.array ?? []).enumerated() {
            guard let slug = value.string, !slug.isEmpty else { continue }
            let place = JSONPointer.appending(index, to: reader.place("agents"))
            if !agents.contains(slug) {
                reader.problems.report("names the unknown agent '\(slug.prefix(80))'", unknown: slug, among: agents, at: place)
            } else if !seen.insert(slug).inserted {
                reader.problems.report("names the agent '\(slug)' again", at: place)
            }
        }
        return slugs
    }
}
