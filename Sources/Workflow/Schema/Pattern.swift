import Base

/// A regular expression of a schema (ECMA-262, with the `u` flag), matched in time linear in the input.
///
/// With a backtracking matcher one hostile input could stall a node. What only backtracking can do (look-around,
/// back-references) is refused. Unanchored, as JSON Schema requires (validation 6.3.3). Source of the method: R. Cox,
/// "Regular Expression Matching: the Virtual Machine Approach", 2009.
struct Pattern: Sendable {
    struct Failure: Error {
        let reason: String
    }

    let text: String
    private let program: [PatternInstruction]

    init(_ text: String) throws(Failure) {
        self.text = text
        var parser = PatternParser(text)
        var compiler = PatternCompiler()
        try compiler.emit(parser.parse())
        program = compiler.program + [.match]
    }

    /// How many instructions it has.
    var size: Int { program.count }

    func matches(_ input: String) -> Bool {
        var looks = Int.max
        return matches(input, looks: &looks) ?? false
    }

    /// - Parameter looks: how many looks at an instruction the match may take, and then how many are left.
    /// - Returns: nil when it takes more.
    func matches(_ input: String, looks: inout Int) -> Bool? {
        guard input.utf8.count <= looks else { return nil }
        var machine = PatternMachine(program: program, input: Array(input.unicodeScalars), looks: looks)
        defer { looks = machine.looks }
        return machine.run()
    }
}

/// The syntax tree of a pattern.
indirect enum PatternNode {
    case empty
    case set(ScalarSet)
    case start
    case end
    case wordBoundary(Bool)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// `maximum` nil: without end.
    case repetition(PatternNode, minimum: Int, maximum: Int?)
}

/// What the machine runs.
enum PatternInstruction {
    case consume(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case wordBoundary(Bool)
    case match
}

/// Turns the tree into a program.
struct PatternCompiler {
    /// Larger programs are refused: counted repetitions are written out, so `{1000}` inside `{1000}` would be a million.
    static let maxProgram = 2_000

    private(set) var program: [PatternInstruction] = []

    mutating func emit(_ node: PatternNode) throws(Pattern.Failure) {
        guard program.count < Self.maxProgram else { throw Pattern.Failure(reason: "its repetitions are too large") }
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
        guard minimum <= Self.maxProgram, (maximum ?? 0) <= Self.maxProgram else {
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

/// Runs all threads of a program in step over the input, each instruction at most once a position.
struct PatternMachine {
    let program: [PatternInstruction]
    let input: [Unicode.Scalar]
    /// How many looks at an instruction are left.
    private(set) var looks: Int
    private var visited: [Int]
    private var stack: [Int] = []

    init(program: [PatternInstruction], input: [Unicode.Scalar], looks: Int) {
        self.program = program
        self.input = input
        self.looks = looks
        visited = [Int](repeating: -1, count: program.count)
    }

    /// Whether the program matches anywhere in the input; nil when there are no looks left.
    mutating func run() -> Bool? {
        var threads: [Int] = []
        for position in 0...input.count {
            looks -= threads.count + 1
            guard looks > 0 else { return nil }
            var next: [Int] = []
            for thread in threads {
                if case .consume(let set) = program[thread], set.contains(input[position - 1]) {
                    if follow(thread + 1, at: position, into: &next) { return true }
                }
            }
            if follow(0, at: position, into: &next) { return true }
            threads = next
        }
        return false
    }

    /// Follows the instructions that consume nothing; true when it reaches the end of the program.
    private mutating func follow(_ start: Int, at position: Int, into threads: inout [Int]) -> Bool {
        stack.append(start)
        defer { stack.removeAll(keepingCapacity: true) }
        while let counter = stack.popLast() {
            guard visited[counter] != position else { continue }
            visited[counter] = position
            looks -= 1
            switch program[counter] {
            case .consume: threads.append(counter)
            case .jump(let target): stack.append(target)
            case .split(let first, let second): stack += [second, first]
            case .start: if position == 0 { stack.append(counter + 1) }
            case .end: if position == input.count { stack.append(counter + 1) }
            case .wordBoundary(let wanted): if isBoundary(position) == wanted { stack.append(counter + 1) }
            case .match: return true
            }
        }
        return false
    }

    private func isBoundary(_ position: Int) -> Bool {
        let before = position > 0 && ScalarSet.isWord(input[position - 1])
        let after = position < input.count && ScalarSet.isWord(input[position])
        return before != after
    }
}

/// A set of Unicode scalars: ranges and properties, or everything but those.
struct ScalarSet: Sendable {
    enum Part: Sendable {
        case range(ClosedRange<UInt32>)
        case space
        case categories(Set<Unicode.GeneralCategory>)
        case not([Part])

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .range(let range): range.contains(scalar.value)
            case .space: scalar.value == 0xFEFF || scalar.properties.isWhitespace && scalar.value != 0x85
            case .categories(let categories): categories.contains(scalar.properties.generalCategory)
            case .not(let parts): !parts.contains { $0.contains(scalar) }
            }
        }
    }

    var parts: [Part] = []
    var isInverted = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        for part in parts where part.contains(scalar) { return !isInverted }
        return isInverted
    }

    static func single(_ scalar: Unicode.Scalar) -> ScalarSet {
        ScalarSet(parts: [.range(scalar.value...scalar.value)])
    }

    static let digits: [Part] = [.range(0x30...0x39)]
    static let word: [Part] = [.range(0x30...0x39), .range(0x41...0x5A), .range(0x5F...0x5F), .range(0x61...0x7A)]
    /// What `.` does not match (ECMA-262, LineTerminator).
    static let lineEnds: [Part] = [.range(0x0A...0x0A), .range(0x0D...0x0D), .range(0x2028...0x2029)]

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        word.contains { $0.contains(scalar) }
    }

    /// A general category by its short name, such as `L`, `Lu` or `Nd`; nil for what is not known.
    static func category(_ name: String) -> Part? {
        if let exact = categoryNames[name] { return .categories([exact]) }
        let group = categoryNames.filter { $0.key.count == 2 && $0.key.hasPrefix(name) && name.count == 1 }
        return group.isEmpty ? nil : .categories(Set(group.values))
    }

    private static let categoryNames: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter,
        "Lo": .otherLetter, "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber,
        "Nl": .letterNumber, "No": .otherNumber, "Pc": .connectorPunctuation, "Pd": .dashPunctuation,
        "Ps": .openPunctuation, "Pe": .closePunctuation, "Pi": .initialPunctuation, "Pf": .finalPunctuation,
        "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol, "So": .otherSymbol,
        "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator, "Cc": .control, "Cf": .format,
        "Co": .privateUse, "Cn": .unassigned,
    ]
}
