/// Parses a pattern into its tree.
struct PatternParser {
    private static let maximumDepth = 50
    private static let maximumLength = 2_000

    let scalars: [Unicode.Scalar]
    var position = 0
    private var depth = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() throws(Pattern.Failure) -> PatternNode {
        guard scalars.count <= Self.maximumLength else { throw failure("it is longer than \(Self.maximumLength)") }
        let node = try parseChoice()
        guard position == scalars.count else { throw failure("a ')' has no '('") }
        return node
    }

    var current: Unicode.Scalar? {
        position < scalars.count ? scalars[position] : nil
    }

    mutating func consume(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    func failure(_ reason: String) -> Pattern.Failure {
        Pattern.Failure(reason: reason)
    }

    private mutating func parseChoice() throws(Pattern.Failure) -> PatternNode {
        var branches = [try parseSequence()]
        while consume("|") { branches.append(try parseSequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func parseSequence() throws(Pattern.Failure) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            nodes.append(try parseQuantified())
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func parseQuantified() throws(Pattern.Failure) -> PatternNode {
        let node = try parseAtom()
        guard let bounds = try parseQuantifier() else { return node }
        switch node {
        case .start, .end, .wordBoundary: throw failure("an assertion is repeated")
        default: break
        }
        _ = consume("?")  // lazy: the same texts match
        if try parseQuantifier() != nil { throw failure("a quantifier follows another") }
        return .repetition(node, minimum: bounds.0, maximum: bounds.1)
    }

    private mutating func parseQuantifier() throws(Pattern.Failure) -> (Int, Int?)? {
        if consume("*") { return (0, nil) }
        if consume("+") { return (1, nil) }
        if consume("?") { return (0, 1) }
        guard consume("{") else { return nil }
        guard let minimum = number() else { throw failure("a '{' is not a quantifier; write \\{ for the character") }
        var maximum: Int? = minimum
        if consume(",") { maximum = number() }
        guard consume("}") else { throw failure("a quantifier is not closed") }
        if let maximum, maximum < minimum { throw failure("a quantifier ends below its start") }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = current.flatMap({ Character($0).wholeNumberValue }), current?.isASCII == true {
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    private mutating func parseAtom() throws(Pattern.Failure) -> PatternNode {
        guard let scalar = current else { return .empty }
        position += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .set(ScalarSet(parts: ScalarSet.lineEnds, isInverted: true))
        case "(": return try parseGroup()
        case "[": return .set(try parseClass())
        case "\\": return try parseEscape()
        case "*", "+", "?": throw failure("a quantifier has nothing to repeat")
        case "{", "}", "]": throw failure("a '\(scalar)' needs a '\\' before it")
        default: return .set(.single(scalar))
        }
    }

    private mutating func parseGroup() throws(Pattern.Failure) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw failure("it is nested deeper than \(Self.maximumDepth)") }
        if consume("?") {
            if consume("<") {
                guard current != "=", current != "!" else { throw failure("look-around is not available") }
                while let scalar = current, scalar != ">" , scalar != ")" { position += 1 }
                guard consume(">") else { throw failure("the name of a group is not closed") }
            } else if !consume(":") {
                throw failure(current == "=" || current == "!" ? "look-around is not available" : "an unknown kind of group")
            }
        }
        let node = try parseChoice()
        guard consume(")") else { throw failure("a '(' is not closed") }
        return node
    }
}
