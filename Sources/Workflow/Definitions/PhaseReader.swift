import Base

/// Reads `phases`: each by itself, then the graph that they form.
struct PhaseListReader {
    let reader: ObjectReader
    /// The slugs that phases may name.
    let agents: [String]
    let ownKinds: OwnKinds

    func read() -> [PhaseDefinition]? {
        guard reader.required("phases") != nil,
            let elements = reader.list("phases", atMost: DefinitionReader.maxPhases)
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

    /// `needs: []` is a root; `null` is refused, since it is more likely a forgotten list.
    private func readNeeds(_ phase: ObjectReader, default before: [String]) -> [String]? {
        guard let value = phase.members["needs"] else { return before }
        guard case .array(let elements) = value else {
            phase.report("must be a list of phase ids ([] for none), not \(value.typeName.withArticle)", at: "needs")
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
    static let commonKeys = ["id", "kind", "name", "needs", "retry", "timeout", "concurrency", "on_failure", "when", "repeat"] + FanOut.keys

    let reader: ObjectReader
    let agents: [String]
    let ownKinds: OwnKinds

    func read(id: String, needs: [String]) -> PhaseDefinition? {
        let kind = readKind()
        let name = kind == .signal || kind == .workflow ? nil : reader.text("name", atMost: 200)
        let retry = reader.object("retry").map(RetryPolicy.init(reading:)) ?? RetryPolicy()
        let timeout = reader.duration("timeout")
        let concurrency = reader.integer("concurrency", in: 1...1_000)
        let onFailure = reader.word("on_failure", as: OnFailure.self) ?? .fail
        let when = reader.expression("when")
        let fanOut = FanOut(reading: reader)
        let repeats = reader.object("repeat").flatMap(RepeatPolicy.init(reading:))
        if let kind { refuseUnfit(kind) }
        guard let kind, let spec = readSpec(kind, id: id) else { return nil }
        return PhaseDefinition(
            id: id, name: name, needs: needs, retry: retry, timeout: timeout, concurrency: concurrency,
            onFailure: onFailure, when: when, fanOut: fanOut, repeats: repeats, spec: spec)
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
        guard let value = reader.required("kind") else { return nil }
        if let name = value.string, OwnKinds.isName(name) { return .own }
        let words = PhaseKind.allCases.filter { $0 != .own }.map(\.rawValue)
        guard let word = value.string, words.contains(word), let kind = PhaseKind(rawValue: word) else {
            reader.problems.report(
                "must be one of \(words.joined(separator: ", "))", unknown: value.string ?? "", among: words, at: reader.place("kind"))
            return nil
        }
        return kind
    }

    private func readSpec(_ kind: PhaseKind, id: String) -> PhaseSpec? {
        let kindKeys: [String]
        let spec: PhaseSpec?
        switch kind {
        case .write: (kindKeys, spec) = (WritePhase.keys, WritePhase(reading: self).map(PhaseSpec.write))
        case .edit: (kindKeys, spec) = (EditPhase.keys, EditPhase(reading: self).map(PhaseSpec.edit))
        case .evaluate: (kindKeys, spec) = (EvaluatePhase.keys, EvaluatePhase(reading: self).map(PhaseSpec.evaluate))
        case .select: (kindKeys, spec) = (SelectPhase.keys, .select(SelectPhase(reading: self)))
        case .rank: (kindKeys, spec) = (RankPhase.keys, RankPhase(reading: self).map(PhaseSpec.rank))
        case .transform: (kindKeys, spec) = (TransformPhase.keys, TransformPhase(reading: self).map(PhaseSpec.transform))
        case .branch: (kindKeys, spec) = (BranchPhase.keys, BranchPhase(reading: self).map(PhaseSpec.branch))
        case .signal: (kindKeys, spec) = (SignalPhase.keys, SignalPhase(reading: self, id: id).map(PhaseSpec.signal))
        case .agent: (kindKeys, spec) = (AgentPhase.keys, AgentPhase(reading: self).map(PhaseSpec.agent))
        case .delay: (kindKeys, spec) = (DelayPhase.keys, DelayPhase(reading: self).map(PhaseSpec.delay))
        case .log: (kindKeys, spec) = (LogPhase.keys, LogPhase(reading: self).map(PhaseSpec.log))
        case .http: (kindKeys, spec) = (HTTPPhase.keys, HTTPPhase(reading: self).map(PhaseSpec.http))
        case .own:
            kindKeys = Array(reader.members.keys)
            spec = OwnPhase(reading: self, commonKeys: Self.commonKeys).map(PhaseSpec.own)
        case .human: (kindKeys, spec) = (HumanPhase.keys, HumanPhase(reading: self).map(PhaseSpec.human))
        case .workflow: (kindKeys, spec) = (WorkflowPhase.keys, WorkflowPhase(reading: self).map(PhaseSpec.workflow))
        }
        reader.refuseUnknownKeys(known: Self.commonKeys + kindKeys)
        return spec
    }

    /// The `agents` of a phase: at least one, each known, none twice.
    func readAgents() -> [String]? {
        guard reader.required("agents") != nil, let slugs = reader.texts("agents", atMost: 100, length: 10_000) else {
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
