import Base
import Workflow

extension RandomGraph {
    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.seed = seed
        input = [
            "n": .integer(Int64(generator.next(below: 5))), "flag": .bool(generator.next(below: 2) == 0),
            "list": .array((0..<generator.next(below: 5)).map { _ in .integer(Int64(generator.next(below: 7))) }),
            "nothing": .null,
        ]
        phases = []
        order = []
        disturbance = Self.disturbance(&generator)
        let count = 1 + Int(generator.next(below: 13))
        for number in 0..<count { add(number, &generator) }
        chooseTargets(&generator)
        order = generator.shuffled(Array(0..<count))
        if generator.next(below: 12) == 0 { flaw = generator.pick(Self.flaws) }
    }

    private static func disturbance(_ generator: inout SeededGenerator) -> Disturbance {
        var disturbance = Disturbance()
        disturbance.retries = Int(generator.next(below: 4))
        switch generator.next(below: 6) {
        case 0..<2:
            disturbance.pausesAt = (0...generator.next(below: 3)).map { _ in Int(generator.next(below: 60)) }.sorted()
        case 2:
            disturbance.cancelAt = Int(generator.next(below: 60))
            disturbance.retries = 0
        default: break
        }
        return disturbance
    }

    private mutating func add(_ number: Int, _ generator: inout SeededGenerator) {
        var phase = Phase(id: "p\(number)", needs: [], work: .log)
        phase.maxAttempts = 1 + Int(generator.next(below: 4))
        let isEditorial = generator.next(below: 3) == 0
        if isEditorial { makeEditorial(&phase, &generator) } else { phase.needs = needs(&generator) { _ in true }.sorted() }
        let visible = phase.needs.reduce(into: Set(phase.needs)) { $0.formUnion(ancestors(of: $1)) }.sorted()
        if !isEditorial { makeGeneral(&phase, visible, &generator) }
        if generator.next(below: 3) == 0 {
            phase.when =
                generator.next(below: 6) == 0
                ? value(&generator, visible, own: nil, item: false, depth: 2)
                : condition(&generator, visible, own: nil, item: false, depth: 2)
        }
        phase.mayFail = generator.next(below: 3) == 0
        if phase.concurrency == nil, generator.next(below: 4) == 0 { phase.concurrency = 1 + Int(generator.next(below: 2)) }
        phases.append(phase)
    }

    /// Mostly near ones, so that there are long ways as well as wide ones.
    private func needs(_ generator: inout SeededGenerator, _ mayBe: (Phase) -> Bool) -> Set<String> {
        let near = phases.suffix(5).filter(mayBe).map(\.id)
        return Set(generator.shuffled(near).prefix(Int(generator.next(below: 4))))
    }

    private func fate(_ phase: Phase, _ generator: inout SeededGenerator) -> Fate {
        var failures = Int(generator.next(below: 4))
        // A run that is broken off has used up one of them: only what works in time anyway can be foretold.
        if disturbance.isRough { failures = min(failures, phase.maxAttempts - 1) }
        return Fate(failures: failures, heals: generator.pick([0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 9]))
    }

    private func makeGeneral(_ phase: inout Phase, _ visible: [String], _ generator: inout SeededGenerator) {
        var (canFanOut, canRepeat) = (true, true)
        var transformsToList: Bool?
        switch generator.next(below: 15) {
        case 0..<3: transformsToList = generator.next(below: 4) == 0
        case 3..<5:
            phase.work = .branch(cases: [], otherwise: [])
            (canRepeat, canFanOut) = (false, false)
        case 5:
            phase.work = .signal(data: (0..<generator.next(below: 4)).map { _ in .integer(Int64(generator.next(below: 4))) })
            canFanOut = false
        case 6: phase.work = .log
        case 7: phase.work = .delay
        case 8: phase.work = .custom(fate(phase, &generator))
        case 9..<11: phase.work = .http(fate(phase, &generator), isFinal: generator.next(below: 3) == 0)
        case 11: phase.work = .subtask(fate(phase, &generator))
        case 12..<14: phase.work = .human(heals: fate(phase, &generator).heals, expires: generator.next(below: 6) == 0)
        default: phase.work = .agent(fate(phase, &generator))
        }
        if canFanOut, generator.next(below: 3) == 0 {
            phase.list =
                generator.next(below: 2) == 0
                ? .path(["input", "list"]) : value(&generator, visible, own: nil, item: false, depth: 2)
            if generator.next(below: 5) == 0 { phase.maxItems = 2 }
            if generator.next(below: 2) == 0 { phase.concurrency = 1 + Int(generator.next(below: 2)) }
        }
        if let transformsToList {
            let expression = value(&generator, visible, own: nil, item: phase.list != nil, depth: 2)
            phase.work = .transform(expression, isList: transformsToList)
        }
        if canRepeat, generator.next(below: 4) == 0 {
            let until = generator.next(below: 3) == 0 ? nil : condition(&generator, visible, own: phase.id, item: false, depth: 2)
            phase.repeats = (1 + Int(generator.next(below: 4)), until)
        }
    }

    /// Makes it the next phase of a chain, or the first of one.
    private func makeEditorial(_ phase: inout Phase, _ generator: inout SeededGenerator) {
        let chain = Int(generator.next(below: 2))
        let last = phases.last { $0.chain == chain }
        // Who comes after another chain would see its drafts too.
        let own = needs(&generator) { candidate in
            (ancestors(of: candidate.id).union([candidate.id])).allSatisfy { id in
                let other = phases.first { $0.id == id }?.chain
                return other == nil || other == chain
            }
        }
        phase.needs = (last.map { [$0.id] } ?? []) + own.subtracting(last.map { [$0.id] } ?? []).sorted()
        phase.chain = chain
        // Enough for whatever writer's rewrites.
        if disturbance.isRough { phase.maxAttempts = 4 }
        let stage: Stage = generator.next(below: 2) == 0 ? .initial : .final
        let judges = (0...generator.next(below: 2)).map { _ in fate(phase, &generator) }
        switch last == nil ? 0 : generator.next(below: 9) {
        case 0 where canWrite(chain): phase.work = .write(writers(phase, chain, &generator))
        case 0..<3:
            let maxCycles = 1 + Int(generator.next(below: 3))
            phase.work = .edit(
                editors: 1 + Int(generator.next(below: 2)), fate(phase, &generator), rejects: Int(generator.next(below: 3)),
                maxCycles: maxCycles)
        case 3..<5: phase.work = .evaluate(judges, stage)
        case 5..<7:
            // One that is to choose must know which are the best.
            phase.work = isJudged(chain) ? .select(top: 1 + Int(generator.next(below: 3))) : .evaluate(judges, .initial)
        default:
            let method = generator.pick(["ballots", "borda", "bradley_terry", "mean"])
            phase.work = .rank(judges, stage, method: method, asksPairs: method == "bradley_terry" && generator.next(below: 2) == 0)
        }
    }

    private func isJudged(_ chain: Int) -> Bool {
        phases.contains { phase in
            if case .evaluate(_, .initial) = phase.work { phase.chain == chain } else { false }
        }
    }

    private func writes(_ chain: Int) -> Int {
        phases.count { phase in
            if case .write = phase.work { phase.chain == chain } else { false }
        }
    }

    private func canWrite(_ chain: Int) -> Bool { writes(chain) < 2 }

    /// No two writers of a graph have one score, so that every order can be foretold. Writers that write again do so under
    /// other names, but for the first: two drafts of one writer are on different tracks.
    private func writers(_ phase: Phase, _ chain: Int, _ generator: inout SeededGenerator) -> [Writer] {
        let round = writes(chain)
        var known: Writer?
        for case .write(let writers) in phases.filter({ $0.chain == chain }).map(\.work) { known = writers[0] }
        return (0...Int(generator.next(below: 2))).map { place in
            let position = 4 * chain + 2 * round + place
            let fate = place == 0 ? known?.fate ?? fate(phase, &generator) : fate(phase, &generator)
            return Writer(number: place == 0 ? 4 * chain : position, fate: fate, score: 1 + (3 * position + Int(seed % 10)) % 10)
        }
    }

    /// Branches choose among the phases that need them.
    private mutating func chooseTargets(_ generator: inout SeededGenerator) {
        for index in phases.indices {
            guard case .branch = phases[index].work else { continue }
            let branch = phases[index].id
            let after = phases.filter { $0.needs.contains(branch) }.map(\.id)
            func some(_ generator: inout SeededGenerator) -> [String] {
                Array(generator.shuffled(after).prefix(Int(generator.next(below: 3))))
            }
            let visible = ancestors(of: branch).sorted()
            let cases = (0...generator.next(below: 3)).map { _ in
                let when =
                    generator.next(below: 8) == 0
                    ? value(&generator, visible, own: nil, item: false, depth: 2)
                    : condition(&generator, visible, own: nil, item: false, depth: 2)
                return (when: when, then: some(&generator))
            }
            phases[index].work = .branch(cases: cases, otherwise: some(&generator))
        }
    }

    private func condition(
        _ generator: inout SeededGenerator, _ visible: [String], own: String?, item: Bool, depth: Int
    ) -> RandomExpression {
        func inner(_ generator: inout SeededGenerator) -> RandomExpression {
            condition(&generator, visible, own: own, item: item, depth: depth - 1)
        }
        switch generator.next(below: depth > 0 ? 9 : 6) {
        case 0: return .exists(path(&generator, visible, own: own, item: item))
        case 6: return .both(inner(&generator), inner(&generator))
        case 7: return .either(inner(&generator), inner(&generator))
        case 8: return .not(inner(&generator))
        case 1 where !visible.isEmpty:
            // How a phase before ended, as text against text.
            let id = generator.pick(visible)
            return .comparison(
                .path(["task", "phases", id, "status"]), generator.pick(["==", "!="]),
                .path(["task", "phases", generator.pick(visible), "status"]))
        default:
            return .comparison(
                value(&generator, visible, own: own, item: item, depth: 1), generator.pick(["==", "!=", "<", ">"]),
                value(&generator, visible, own: own, item: item, depth: 1))
        }
    }

    private func value(
        _ generator: inout SeededGenerator, _ visible: [String], own: String?, item: Bool, depth: Int
    ) -> RandomExpression {
        switch generator.next(below: depth > 0 ? 6 : 4) {
        case 0: return .number(Int(generator.next(below: 5)))
        case 4, 5:
            return .arithmetic(
                value(&generator, visible, own: own, item: item, depth: depth - 1), generator.pick(["+", "-", "*", "%"]),
                value(&generator, visible, own: own, item: item, depth: depth - 1))
        default: return .path(path(&generator, visible, own: own, item: item))
        }
    }

    private func path(_ generator: inout SeededGenerator, _ visible: [String], own: String?, item: Bool) -> [String] {
        var starts: [[String]] = [
            ["input", "n"], ["input", "n"], ["input", "flag"], ["input", "list"], ["input", "list", "[*]"], ["input", "nothing"],
            ["input", "missing"], ["iteration"],
        ]
        if item { starts += [["item"], ["item"], ["item"], ["index"]] }
        for id in visible + (own.map { [$0, $0, $0] } ?? []) {
            let rest: [[String]] = [
                [], ["[*]"], ["items"], ["items", "[*]"], ["data"], ["case"], ["errors", "index"], ["agent"], ["message"], ["for"],
                ["status"], ["body", "n"], ["n"], ["response", "n"], ["completed_by"], ["output", "body", "n"], ["outputs", "track"],
                ["ranking", "rank"],
            ]
            starts.append(["phases", id] + generator.pick(rest))
        }
        return generator.pick(starts)
    }
}

extension SeededGenerator {
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(next(below: UInt64(elements.count)))]
    }
}
