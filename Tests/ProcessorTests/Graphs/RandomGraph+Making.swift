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
        let count = 1 + Int(generator.next(below: 11))
        for number in 0..<count { add(number, &generator) }
        chooseTargets(&generator)
        order = generator.shuffled(Array(0..<count))
        if generator.next(below: 12) == 0 { flaw = generator.pick(Self.flaws) }
    }

    private mutating func add(_ number: Int, _ generator: inout SeededGenerator) {
        let before = phases.map(\.id)
        // Mostly near ones, so that there are long ways as well as wide ones.
        let needs = generator.shuffled(Array(before.suffix(5))).prefix(Int(generator.next(below: 4)))
        var phase = Phase(id: "p\(number)", needs: Array(needs), work: .signal(data: []))
        let visible = needs.reduce(into: Set(needs)) { $0.formUnion(ancestors(of: $1)) }.sorted()
        func expression(_ generator: inout SeededGenerator, own: Bool = false, item: Bool = false) -> RandomExpression {
            value(&generator, visible, own: own ? phase.id : nil, item: item, depth: 2)
        }
        var canFanOut = true
        var canRepeat = true
        var usesItem: ((RandomExpression) -> Phase.Work)?
        switch generator.next(below: 12) {
        case 0..<4:
            let isList = generator.next(below: 4) == 0
            usesItem = { .transform($0, isList: isList) }
        case 4..<6:
            phase.work = .branch(cases: [], otherwise: [])
            (canRepeat, canFanOut) = (false, false)
        case 6:
            let failures = generator.shuffled(Array(0..<Self.mostWriters)).prefix(1 + Int(generator.next(below: 2)))
            phase.work = .write(failures: Array(failures), maxAttempts: 1 + Int(generator.next(below: 4)))
            (canRepeat, canFanOut) = (false, false)
        case 7:
            phase.work = .signal(data: (0..<generator.next(below: 4)).map { _ in .integer(Int64(generator.next(below: 4))) })
            canFanOut = false
        case 8..<10:
            phase.work = .agent(failures: Int(generator.next(below: 4)), maxAttempts: 1 + Int(generator.next(below: 5)))
        case 10: phase.work = .log
        default: phase.work = .delay
        }
        if canFanOut, generator.next(below: 4) == 0 {
            phase.list = generator.next(below: 2) == 0 ? .path(["input", "list"]) : expression(&generator)
            if generator.next(below: 5) == 0 { phase.maxItems = 2 }
            if generator.next(below: 2) == 0 { phase.concurrency = 1 + Int(generator.next(below: 2)) }
        }
        if let usesItem { phase.work = usesItem(expression(&generator, item: phase.list != nil)) }
        if canRepeat, generator.next(below: 4) == 0 {
            let until = generator.next(below: 3) == 0 ? nil : condition(&generator, visible, own: phase.id, item: false, depth: 2)
            phase.repeats = (1 + Int(generator.next(below: 4)), until)
        }
        if generator.next(below: 3) == 0 {
            phase.when =
                generator.next(below: 6) == 0
                ? expression(&generator) : condition(&generator, visible, own: nil, item: false, depth: 2)
        }
        phase.mayFail = generator.next(below: 3) == 0
        phases.append(phase)
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
            let rest: [[String]] = [[], ["[*]"], ["items"], ["items", "[*]"], ["data"], ["case"], ["errors", "index"], ["agent"], ["message"], ["for"]]
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
