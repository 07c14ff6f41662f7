/// Turns the tree into a program.
struct PatternCompiler {
    /// Counted repetitions are written out, so `{1000}` inside `{1000}` must be refused.
    static let maximumProgram = 2_000

    private(set) var program: [PatternInstruction] = []

    mutating func emit(_ node: PatternNode) throws(Pattern.Failure) {
        guard program.count < Self.maximumProgram else { throw Pattern.Failure(reason: "its repetitions are too large") }
        switch node {
        case .empty: break
        case .set(let set): program.append(.consume(set))
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .wordBoundary(let isBoundary): program.append(.wordBoundary(isBoundary))
        case .sequence(let nodes):
            for node in nodes { try emit(node) }
        case .choice(let branches): try emitChoice(branches)
        case .repetition(let inner, let minimum, let maximum):
            try emitRepetition(inner, minimum: minimum, maximum: maximum)
        }
    }

    private mutating func emitChoice(_ branches: [PatternNode]) throws(Pattern.Failure) {
        var exits: [Int] = []
        for (index, branch) in branches.enumerated() {
            guard index < branches.count - 1 else {
                try emit(branch)
                break
            }
            let split = program.count
            program.append(.jump(0))
            try emit(branch)
            exits.append(program.count)
            program.append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        for exit in exits { program[exit] = .jump(program.count) }
    }

    private mutating func emitRepetition(
        _ inner: PatternNode, minimum: Int, maximum: Int?
    ) throws(Pattern.Failure) {
        guard minimum <= Self.maximumProgram, (maximum ?? 0) <= Self.maximumProgram else {
            throw Pattern.Failure(reason: "its repetitions are too large")
        }
        for _ in 0..<minimum { try emit(inner) }
        guard let maximum else {
            let split = program.count
            program.append(.jump(0))
            try emit(inner)
            program.append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(program.count)
            program.append(.jump(0))
            try emit(inner)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }
}
