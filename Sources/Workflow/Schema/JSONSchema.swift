package import Base

/// A JSON Schema (draft 2020-12, the parts that forms, inputs and structured answers need).
///
/// Unknown keywords are ignored, as the specification requires (core 4.3.1); known ones with a wrong value are problems.
/// References must be local JSON pointers (`#/$defs/…`). `format` is asserted for `date-time date email
/// uri uuid`. Source: json-schema.org/draft/2020-12, core and validation.
package struct JSONSchema: Sendable {
    let root: SchemaNode
    /// What `$ref`s point to, by JSON pointer.
    let targets: [String: SchemaNode]

    /// Throws every problem of the schema itself, with pointers into it.
    package init(_ schema: JSON) throws(ProblemList) {
        var compiler = SchemaCompiler(document: schema)
        root = compiler.compile(schema, at: "")
        compiler.compileTargets()
        targets = compiler.targets
        guard compiler.problems.isEmpty else { throw ProblemList(compiler.problems) }
    }

    /// Every way in which the value breaks the schema; empty when it is valid. Each pointer begins with `pointer`.
    package func validate(_ value: JSON, at pointer: String = "") -> [Problem] {
        var run = ValidationRun(targets: targets)
        run.check(value, against: root, at: pointer)
        return run.problems
    }

    /// The value with the `default`s of missing properties, at any depth.
    package func applyingDefaults(to value: JSON) -> JSON {
        DefaultFiller(targets: targets).fill(value, by: root, depth: 0)
    }
}

/// One schema, compiled: its rules, and what is needed to fill in defaults.
struct SchemaNode: Sendable {
    /// Checked in order; empty accepts everything.
    var rules: [any SchemaRule] = []
    /// The value of `default`.
    var defaultValue: JSON?
    var properties: [String: SchemaNode] = [:]
    var items: [SchemaNode] = []
    var allOf: [SchemaNode] = []
    /// The target of `$ref`.
    var reference: String?
}

/// One keyword, or a few that belong together.
protocol SchemaRule: Sendable {
    /// Reports to `run` how the value breaks the rule.
    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun)
}

/// One validation: the problems so far, and bounds on the work, since a schema may refer to itself.
struct ValidationRun {
    static let maxDepth = 200
    static let maxSteps = 200_000
    static let maxProblems = 100

    let targets: [String: SchemaNode]
    private(set) var problems: [Problem] = []
    private var depth = 0
    private var steps = 0
    private var isExhausted = false

    init(targets: [String: SchemaNode]) {
        self.targets = targets
    }

    /// Whether further problems are dropped.
    var isFull: Bool { problems.count >= Self.maxProblems }

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
        // A run that is exhausted must not look valid.
        if isExhausted, let last = found.last { report(last.detail, at: last.pointer) }
        return found
    }

    private mutating func enter(at pointer: String) -> Bool {
        guard !isExhausted else { return false }
        steps += 1
        guard depth < Self.maxDepth, steps <= Self.maxSteps else {
            isExhausted = true
            report("is too large or too deep to be checked against its schema", at: pointer)
            return false
        }
        return true
    }
}

/// Fills in `default`s: those of missing properties, through `$ref`, `allOf` and `items`.
struct DefaultFiller {
    static let maxDepth = 64

    let targets: [String: SchemaNode]

    func fill(_ value: JSON, by node: SchemaNode, depth: Int) -> JSON {
        guard depth < Self.maxDepth else { return value }
        var result = value
        if let target = node.reference.flatMap({ targets[$0] }) {
            result = fill(result, by: target, depth: depth + 1)
        }
        for part in node.allOf { result = fill(result, by: part, depth: depth + 1) }
        switch result {
        case .object(var members):
            for (key, property) in node.properties {
                if let member = members[key] {
                    members[key] = fill(member, by: property, depth: depth + 1)
                } else if let standard = standard(of: property) {
                    members[key] = fill(standard, by: property, depth: depth + 1)
                }
            }
            return .object(members)
        case .array(let elements) where !node.items.isEmpty:
            return .array(elements.map { fill($0, by: node.items[0], depth: depth + 1) })
        default:
            return result
        }
    }

    private func standard(of node: SchemaNode) -> JSON? {
        node.defaultValue ?? node.reference.flatMap { targets[$0]?.defaultValue }
    }
}
