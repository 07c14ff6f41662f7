package import Base

/// A JSON Schema (draft 2020-12, the parts that forms, inputs and structured answers need).
///
/// Unknown keywords are ignored, as the specification requires (core 4.3.1); known ones with a wrong value are problems.
/// References must be local JSON pointers (`#/$defs/…`). `format` is asserted for `date-time date email
/// uri uuid`. Source: json-schema.org/draft/2020-12, core and validation.
///
/// A schema may refer to itself, so the work on a value has a budget of steps, and its defaults have one of bytes. A value
/// that uses either up has a problem, whatever the rest of the schema says.
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

    /// The most bytes of a value with its defaults, where the caller names no other limit.
    package static let maxBytes = 1 << 20

    /// Every way in which the value breaks the schema; empty when it is valid. Each pointer begins with `pointer`.
    package func validate(_ value: JSON, at pointer: String = "") -> [Problem] {
        var run = ValidationRun(targets: targets)
        run.check(value, against: root, at: pointer)
        return run.problems
    }

    /// The value with the `default`s of missing properties, at any depth, once it fits the schema.
    ///
    /// - Parameters:
    ///   - pointer: what the pointers of problems begin with.
    ///   - maxBytes: of the value with its defaults, as JSON text. One that has more by itself may double.
    /// - Throws: every way in which it breaks the schema.
    package func completed(_ value: JSON, at pointer: String = "", maxBytes: Int = maxBytes) throws(ProblemList) -> JSON {
        var value = value
        var steps = SchemaSteps()
        if root.mayBringDefaults {
            let size = value.utf8.count
            let limit = size > maxBytes ? 2 * size : maxBytes
            var filler = DefaultFiller(targets: targets, steps: steps, bytes: limit - size)
            value = filler.fill(value, by: root, depth: 0)
            guard filler.bytes >= 0 else {
                throw ProblemList("has more than \(limit) bytes with the defaults of its schema", at: pointer)
            }
            guard filler.steps.areLeft else { throw ProblemList(SchemaSteps.exhausted, at: pointer) }
            steps = filler.steps
        }
        var run = ValidationRun(targets: targets, steps: steps)
        run.check(value, against: root, at: pointer)
        guard run.problems.isEmpty else { throw ProblemList(run.problems) }
        return value
    }
}

/// One schema, compiled: its rules, and what is needed to fill in defaults.
struct SchemaNode: Sendable {
    /// Checked in order; empty accepts everything.
    var rules: [any SchemaRule] = []
    /// The value of `default`, with its size as JSON text.
    var standard: (value: JSON, bytes: Int)?
    var properties = SchemaProperties()
    var items: [SchemaNode] = []
    var allOf: [SchemaNode] = []
    /// The target of `$ref`.
    var reference: String?
    /// False where no default can come from within.
    var mayBringDefaults = false
}

/// The schemas of `properties`, in their order.
struct SchemaProperties: Sendable {
    private(set) var all: [(name: String, node: SchemaNode)] = []
    private var positions: [ExactString: Int] = [:]

    init(_ all: [(name: String, node: SchemaNode)] = []) {
        self.all = all
        for (position, property) in all.enumerated() { positions[ExactString(property.name)] = position }
    }

    subscript(name: String) -> SchemaNode? {
        positions[ExactString(name)].map { all[$0].node }
    }

    var names: [String] { all.map(\.name) }
    var isEmpty: Bool { all.isEmpty }
    var count: Int { all.count }
}

/// One keyword, or a few that belong together.
protocol SchemaRule: Sendable {
    /// Reports to `run` how the value breaks the rule. What takes longer than a few comparisons is charged to `run.steps`.
    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun)
}

/// How much work may still be done on one value. A step is about half a microsecond.
struct SchemaSteps: Sendable {
    static let max = 200_000
    /// How deep schemas may be applied within each other.
    static let maxDepth = 200
    static let exhausted = "is too large or too deep to be checked against its schema"

    private(set) var left = max

    var areLeft: Bool { left > 0 }

    /// False when there are not as many left.
    mutating func take(_ count: Int = 1) -> Bool {
        left = Swift.max(0, left - Swift.max(0, count))
        return left > 0
    }

    mutating func takeAll() { left = 0 }
}

/// One validation: the problems so far, and the steps that are left.
struct ValidationRun {
    static let maxProblems = 100

    let targets: [String: SchemaNode]
    private(set) var problems: [Problem] = []
    private(set) var steps: SchemaSteps
    private var depth = 0
    /// Reported whatever the rest of the schema says: a run without steps must not look valid.
    private var exhaustion: Problem?

    init(targets: [String: SchemaNode], steps: SchemaSteps = SchemaSteps()) {
        self.targets = targets
        self.steps = steps
    }

    /// Whether further problems are dropped.
    var isFull: Bool { problems.count >= Self.maxProblems }

    mutating func report(_ detail: String, at pointer: String) {
        guard !isFull else { return }
        let problem = Problem(pointer: pointer, detail: detail)
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func check(_ value: JSON, against node: SchemaNode, at pointer: String) {
        // The pointer is built anew for each value, and keys may be long.
        guard charge(1 + pointer.utf8.count / 256, at: pointer) else { return }
        guard depth < SchemaSteps.maxDepth else { return exhaust(SchemaSteps.exhausted, at: pointer) }
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
        if let exhaustion { report(exhaustion.detail, at: exhaustion.pointer) }
        return found
    }

    /// Takes steps for work on the value at `pointer`. False, with a problem, when they are used up.
    mutating func charge(_ count: Int, at pointer: String, _ detail: String = SchemaSteps.exhausted) -> Bool {
        guard exhaustion == nil, steps.take(count) else {
            exhaust(detail, at: pointer)
            return false
        }
        return true
    }

    /// How many looks at an instruction of a pattern a step takes.
    private static let looks = 50

    /// Whether a pattern matches a text; nil, with a problem, when that takes more than the steps that are left.
    mutating func matches(_ pattern: Pattern, _ text: String, at pointer: String) -> Bool? {
        guard exhaustion == nil else { return nil }
        var looks = steps.left * Self.looks
        let before = looks
        let matches = pattern.matches(text, looks: &looks)
        let isLeft = charge(
            1 + (before - looks) / Self.looks, at: pointer, "is too long to be matched against the pattern \(pattern.text)")
        return isLeft ? matches : nil
    }

    private mutating func exhaust(_ detail: String, at pointer: String) {
        guard exhaustion == nil else { return }
        steps.takeAll()
        exhaustion = Problem(pointer: pointer, detail: detail)
        report(detail, at: pointer)
    }
}

/// Fills in `default`s: those of missing properties, through `$ref`, `allOf` and `items`.
struct DefaultFiller {
    let targets: [String: SchemaNode]
    private(set) var steps: SchemaSteps
    /// How many bytes of defaults may still be added; below zero when there were more.
    private(set) var bytes: Int

    init(targets: [String: SchemaNode], steps: SchemaSteps, bytes: Int) {
        self.targets = targets
        self.steps = steps
        self.bytes = bytes
    }

    mutating func fill(_ value: JSON, by node: SchemaNode, depth: Int) -> JSON {
        guard node.mayBringDefaults else { return value }
        guard depth < SchemaSteps.maxDepth else {
            steps.takeAll()
            return value
        }
        guard steps.take(), bytes >= 0 else { return value }
        var result = value
        if let target = node.reference.flatMap({ targets[$0] }) {
            result = fill(result, by: target, depth: depth + 1)
        }
        for part in node.allOf { result = fill(result, by: part, depth: depth + 1) }
        switch result {
        case .object(var members) where !node.properties.isEmpty:
            result = .null  // keeps the storage unique, so that it is not copied
            fill(&members, by: node, depth: depth)
            return .object(members)
        case .array(var elements) where !node.items.isEmpty:
            result = .null
            for index in elements.indices {
                elements[index] = fill(elements[index], by: node.items[0], depth: depth + 1)
                guard steps.areLeft, bytes >= 0 else { break }
            }
            return .array(elements)
        default:
            return result
        }
    }

    private mutating func fill(_ members: inout JSONObject, by node: SchemaNode, depth: Int) {
        // The members may be copied.
        guard steps.take((node.properties.count + members.count) / 32) else { return }
        for (name, property) in node.properties.all where property.mayBringDefaults {
            if let member = members[name] {
                members[name] = fill(member, by: property, depth: depth + 1)
            } else if let standard = standard(of: property) {
                bytes -= standard.bytes + name.utf8.count + 4
                guard bytes >= 0 else { return }
                members[name] = fill(standard.value, by: property, depth: depth + 1)
            }
            guard steps.areLeft else { return }
        }
    }

    private func standard(of node: SchemaNode) -> (value: JSON, bytes: Int)? {
        node.standard ?? node.reference.flatMap { targets[$0]?.standard }
    }
}
