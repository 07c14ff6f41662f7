import Yams

/// Turns one YAML document into JSON and notes the line of every place.
///
/// Scalars are resolved by the YAML 1.2 core schema, so `yes` and `1.0.0` are texts.
/// Aliases are resolved here, not by the parser below, so that a document cannot grow without bound ("billion laughs").
struct YAMLReader {
    /// Deeper documents are refused.
    static let maximumDepth = 64
    /// Documents with more values, aliases written out, are refused.
    static let maximumValues = 50_000

    /// Stands for `*` while the text is parsed; a private-use character.
    static let aliasMark: Character = "\u{F8F0}"

    private let text: String
    private(set) var lines: [String: Int] = [:]
    private var anchors: [String: (value: JSON, count: Int)] = [:]
    private var problems: [Problem] = []
    private var count = 0

    init(text: String) {
        self.text = text
    }

    mutating func read() throws(ProblemList) -> JSON {
        if text.contains(Self.aliasMark) { throw ProblemList("must not contain the private-use character U+F8F0") }
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text.replacing("*", with: String(Self.aliasMark)), encoding: .utf8)
            root = try parser.singleRoot()
        } catch {
            throw ProblemList([YAMLProblem.describing(error)])
        }
        guard let root else { throw ProblemList("is empty") }
        // Nodes hold their anchors weakly; the parser owns them.
        let json = withExtendedLifetime(parser) { convert(root, at: "", depth: 0) }
        guard problems.isEmpty else { throw ProblemList(problems) }
        return json
    }

    private mutating func convert(_ node: Node, at pointer: String, depth: Int) -> JSON {
        if lines[pointer] == nil, let mark = node.mark { lines[pointer] = mark.line }
        let before = count
        count += 1
        guard count <= Self.maximumValues else {
            return refuse("must have at most \(Self.maximumValues) values", at: "")
        }
        guard depth <= Self.maximumDepth else {
            return refuse("is nested deeper than \(Self.maximumDepth)", at: pointer)
        }
        let value: JSON
        switch node {
        case .scalar(let scalar): value = convert(scalar, at: pointer, depth: depth)
        case .sequence(let sequence): value = convert(sequence, at: pointer, depth: depth)
        case .mapping(let mapping): value = convert(mapping, at: pointer, depth: depth)
        case .alias: value = refuse("uses an alias that is not supported here", at: pointer)
        }
        // Only now: a value cannot contain itself.
        if let anchor = node.anchor { anchors[anchor.rawValue] = (value, count - before) }
        return value
    }

    private mutating func convert(_ scalar: Node.Scalar, at pointer: String, depth: Int) -> JSON {
        if scalar.style == .plain, scalar.string.first == Self.aliasMark {
            return resolveAlias(String(scalar.string.dropFirst()), at: pointer, depth: depth)
        }
        let string = Self.restored(scalar.string)
        do throws(YAMLScalar.Failure) {
            return try YAMLScalar.value(of: string, tag: scalar.tag.description, isPlain: scalar.style == .plain)
        } catch {
            return refuse(error.detail, at: pointer)
        }
    }

    private mutating func convert(_ sequence: Node.Sequence, at pointer: String, depth: Int) -> JSON {
        var elements: [JSON] = []
        for (index, node) in sequence.enumerated() {
            guard count <= Self.maximumValues else { break }
            elements.append(convert(node, at: JSONPointer.appending(index, to: pointer), depth: depth + 1))
        }
        return .array(elements)
    }

    private mutating func convert(_ mapping: Node.Mapping, at pointer: String, depth: Int) -> JSON {
        var members: [String: JSON] = [:]
        var merged: [JSON] = []
        for (keyNode, node) in mapping {
            guard count <= Self.maximumValues else { break }
            guard case .scalar(let keyScalar) = keyNode, keyScalar.string.first != Self.aliasMark || keyScalar.style != .plain
            else {
                _ = refuse("has a key that is not plain text", at: pointer, line: keyNode.mark?.line)
                continue
            }
            let key = Self.restored(keyScalar.string)
            if let anchor = keyNode.anchor { anchors[anchor.rawValue] = (.string(key), 1) }
            let place = JSONPointer.appending(key, to: pointer)
            if let mark = keyNode.mark { lines[place] = mark.line }
            let value = convert(node, at: place, depth: depth + 1)
            if key == "<<", keyScalar.style == .plain {
                merged += value.array ?? [value]
            } else if members.updateValue(value, forKey: key) != nil {
                _ = refuse("has the key '\(key)' twice", at: pointer, line: keyNode.mark?.line)
            }
        }
        for value in merged {
            guard case .object(let others) = value else {
                _ = refuse("merges something that is no mapping", at: JSONPointer.appending("<<", to: pointer))
                continue
            }
            members.merge(others) { own, _ in own }
        }
        return .object(members)
    }

    private mutating func resolveAlias(_ name: String, at pointer: String, depth: Int) -> JSON {
        guard let target = anchors[name] else {
            return refuse(
                "uses '*\(Self.restored(name).prefix(40))', which is no anchor above it; a text that starts with '*' needs quotes",
                at: pointer)
        }
        count += target.count
        guard count <= Self.maximumValues, depth + target.value.depth <= Self.maximumDepth else {
            return refuse("grows too large by its aliases", at: pointer)
        }
        return target.value
    }

    private mutating func refuse(_ detail: String, at pointer: String, line: Int? = nil) -> JSON {
        if problems.count < ProblemCollector.limit {
            let problem = Problem(pointer: pointer, detail: detail, line: line ?? lines[pointer])
            if !problems.contains(problem) { problems.append(problem) }
        }
        return .null
    }

    private static func restored(_ text: String) -> String {
        text.replacing(String(aliasMark), with: "*")
    }
}
