import Base
import Yams

/// Turns one YAML document into JSON and notes the line of every place.
///
/// Scalars are resolved by the YAML 1.2 core schema, so `yes` and `1.0.0` are texts.
/// Aliases are resolved here, not by the parser below, so that a document cannot grow without bound ("billion laughs").
struct YAMLReader {
    /// Deeper documents are refused.
    static let maxDepth = 64
    /// Documents with more values, aliases written out, are refused.
    static let maxValues = 50_000

    /// Replaces `*` while the text is parsed; a private-use character.
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
        guard count <= Self.maxValues else {
            return refuse("must have at most \(Self.maxValues) values", at: "")
        }
        guard depth <= Self.maxDepth else {
            return refuse("is nested deeper than \(Self.maxDepth)", at: pointer)
        }
        let value: JSON
        switch node {
        case .scalar(let scalar): value = convert(scalar, at: pointer, depth: depth)
        case .sequence(let sequence): value = convert(sequence, at: pointer, depth: depth)
        case .mapping(let mapping): value = convert(mapping, at: pointer, depth: depth)
        case .alias: value = refuse("uses an alias that is not supported here", at: pointer)
        }
        // After the conversion, since a value cannot contain itself.
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
            guard count <= Self.maxValues else { break }
            elements.append(convert(node, at: JSONPointer.appending(index, to: pointer), depth: depth + 1))
        }
        return .array(elements)
    }

    private mutating func convert(_ mapping: Node.Mapping, at pointer: String, depth: Int) -> JSON {
        var members: JSONObject = [:]
        var merged: [JSON] = []
        for (keyNode, node) in mapping {
            guard count <= Self.maxValues else { break }
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
        guard count <= Self.maxValues, depth + target.value.depth <= Self.maxDepth else {
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

/// Resolves scalars by the core schema of YAML 1.2.2 (10.3.2).
enum YAMLScalar {
    struct Failure: Error {
        let detail: String
    }

    static func value(of text: String, tag: String, isPlain: Bool) throws(Failure) -> JSON {
        switch tag {
        case "", "?": return isPlain ? try plain(text) : .string(text)
        case "!", "tag:yaml.org,2002:str": return .string(text)
        case "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
            let value = try plain(text)
            guard value.string == nil else { throw Failure(detail: "does not fit its tag '\(tag)'") }
            return value
        default: throw Failure(detail: "has the unknown tag '\(tag.prefix(80))'")
        }
    }

    private static func plain(_ text: String) throws(Failure) -> JSON {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            throw Failure(detail: "must be a finite number")
        default: return try number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) throws(Failure) -> JSON? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
            || first == UInt8(ascii: ".") || (0x30...0x39).contains(first)
        else { return nil }
        if text.hasPrefix("0x"), let value = radix(text, 16) { return .integer(value) }
        if text.hasPrefix("0o"), let value = radix(text, 8) { return .integer(value) }
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest[whole.endIndex...]
        if rest.isEmpty, !whole.isEmpty {
            if let value = Int64(text) { return .integer(value) }
            let digits = whole.drop { $0 == 0x30 }
            guard digits.count < JSONLimits.input.digits else { throw Failure(detail: "is too large a number") }
            return .decimal((text.hasPrefix("-") ? "-" : "") + String(Substring(digits)))
        }
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            rest = rest[fraction.endIndex...]
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard !rest.isEmpty else { return nil }
            rest = rest.drop { (0x30...0x39).contains($0) }
        }
        guard rest.isEmpty, let value = Double(text) else { return nil }
        guard value.isFinite else { throw Failure(detail: "must be a finite number") }
        return .number(value)
    }

    private static func radix(_ text: String, _ radix: Int) -> Int64? {
        let digits = text.dropFirst(2)
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        return Int64(digits, radix: radix)
    }
}

/// What the YAML parser found, with its line, without the text itself.
enum YAMLProblem {
    static func describing(_ error: any Error) -> Problem {
        guard let error = error as? YamlError else {
            return Problem(pointer: "", detail: "is not valid YAML")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return Problem(
                pointer: "", detail: "is not valid YAML: \(problem)\(around), column \(mark.column)", line: mark.line)
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count(where: \.isNewline) + 1 }
            return Problem(pointer: "", detail: "is not valid YAML: \(problem)", line: line)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return Problem(pointer: "", detail: "has keys twice in one mapping: \(keys)", line: context.mark.line)
        default:
            return Problem(pointer: "", detail: "is not valid YAML")
        }
    }
}
