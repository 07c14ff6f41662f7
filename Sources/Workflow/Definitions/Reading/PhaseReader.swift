/// Reads one phase: what all kinds share, then what is particular to its kind.
struct PhaseReader {
    static let commonKeys = ["id", "kind", "name", "needs", "retry", "timeout", "concurrency", "on_failure", "when", "repeat"] + FanOut.keys

    let reader: ObjectReader
    let agents: [String]
    let ownKinds: OwnKinds

    func read(id: String, needs: [String]) -> PhaseDefinition? {
        let kind = readKind()
        let name = kind == .signal || kind == .workflow ? nil : reader.text("name", atMost: 200)
        let retry = reader.object("retry").map(RetryPolicy.init(reading:)) ?? RetryPolicy()
        let timeout = reader.duration("timeout") ?? PhaseDefinition.defaultTimeout
        let concurrency = reader.integer("concurrency", in: 1...1_000)
        let onFailure = reader.word("on_failure", as: OnFailure.self) ?? .fail
        let when = reader.expression("when")
        let fanOut = FanOut(reading: reader)
        let repeats = reader.object("repeat").flatMap(RepeatPolicy.init(reading:))
        if let kind { refuseSenseless(kind) }
        guard let kind, let spec = readSpec(kind, id: id) else { return nil }
        return PhaseDefinition(
            id: id, name: name, needs: needs, retry: retry, timeout: timeout, concurrency: concurrency,
            onFailure: onFailure, when: when, fanOut: fanOut, repeats: repeats, spec: spec)
    }

    private func refuseSenseless(_ kind: PhaseKind) {
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
