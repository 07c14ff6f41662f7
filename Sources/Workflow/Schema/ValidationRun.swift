/// One validation: the problems so far, and bounds on the work, since a schema may refer to itself.
struct ValidationRun {
    static let maximumDepth = 200
    static let maximumSteps = 200_000
    static let maximumProblems = 100

    let targets: [String: SchemaNode]
    private(set) var problems: [Problem] = []
    private var depth = 0
    private var steps = 0
    private var isExhausted = false

    init(targets: [String: SchemaNode]) {
        self.targets = targets
    }

    /// Whether further problems are dropped.
    var isFull: Bool { problems.count >= Self.maximumProblems }

    mutating func report(_ detail: String, at pointer: String) {
        guard !isFull else { return }
        let problem = Problem(pointer: pointer, detail: detail)
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func check(_ value: JSON, against node: SchemaNode, at pointer: String) {
        guard enter(at: pointer) else { return }
        depth += 1
        defer { depth -= 1 }
        for rule in node.rules { rule.check(value, at: pointer, in: &self) }
    }

    /// The problems of the value alone, without reporting them.
    mutating func trial(_ value: JSON, against node: SchemaNode, at pointer: String) -> [Problem] {
        let before = problems
        problems = []
        check(value, against: node, at: pointer)
        let found = problems
        problems = before
        // An exhausted run must not turn into a valid one.
        if isExhausted, let last = found.last { report(last.detail, at: last.pointer) }
        return found
    }

    private mutating func enter(at pointer: String) -> Bool {
        guard !isExhausted else { return false }
        steps += 1
        guard depth < Self.maximumDepth, steps <= Self.maximumSteps else {
            isExhausted = true
            report("is too large or too deep to be checked against its schema", at: pointer)
            return false
        }
        return true
    }
}
