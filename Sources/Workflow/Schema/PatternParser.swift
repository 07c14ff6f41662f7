/// Parses a pattern into its tree.
struct PatternParser {
    private static let maxDepth = 50
    private static let maxLength = 2_000

    let scalars: [Unicode.Scalar]
    var position = 0
    private var depth = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() throws(Pattern.Failure) -> PatternNode {
        guard scalars.count <= Self.maxLength else { throw failure("it is longer than \(Self.maxLength)") }
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
        guard depth <= Self.maxDepth else { throw failure("it is nested deeper than \(Self.maxDepth)") }
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

extension PatternParser {
    /// An escape outside of brackets; the `\` has been read.
    mutating func parseEscape() throws(Pattern.Failure) -> PatternNode {
        guard let scalar = current else { throw failure("it ends with a '\\'") }
        switch scalar {
        case "b", "B":
            position += 1
            return .wordBoundary(scalar == "b")
        case "1"..."9", "k":
            throw failure("back-references are not available")
        default:
            return .set(ScalarSet(parts: [try parseClassEscape()]))
        }
    }

    /// The inside of brackets; the `[` has been read.
    mutating func parseClass() throws(Pattern.Failure) -> ScalarSet {
        var set = ScalarSet()
        set.isInverted = consume("^")
        while let scalar = current, scalar != "]" {
            let part = try parseClassAtom()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                set.parts.append(part)
                continue
            }
            position += 1
            let last = try parseClassAtom()
            guard case .range(let from) = part, case .range(let to) = last, from.count == 1, to.count == 1,
                from.lowerBound <= to.upperBound
            else { throw failure("a range in brackets is not from a lower to a higher character") }
            set.parts.append(.range(from.lowerBound...to.upperBound))
        }
        guard consume("]") else { throw failure("a '[' is not closed") }
        return set
    }

    private mutating func parseClassAtom() throws(Pattern.Failure) -> ScalarSet.Part {
        guard let scalar = current else { throw failure("a '[' is not closed") }
        position += 1
        guard scalar == "\\" else { return .range(scalar.value...scalar.value) }
        if consume("b") { return .range(8...8) }
        if consume("-") { return .range(0x2D...0x2D) }
        return try parseClassEscape()
    }

    /// An escape for a set of characters; the `\` has been read.
    private mutating func parseClassEscape() throws(Pattern.Failure) -> ScalarSet.Part {
        guard let scalar = current else { throw failure("it ends with a '\\'") }
        position += 1
        switch scalar {
        case "d": return .range(0x30...0x39)
        case "D": return .not(ScalarSet.digits)
        case "w": return .not([.not(ScalarSet.word)])
        case "W": return .not(ScalarSet.word)
        case "s": return .space
        case "S": return .not([.space])
        case "p": return try parseProperty()
        case "P": return .not([try parseProperty()])
        default:
            let value = try parseCharacterEscape(scalar)
            return .range(value...value)
        }
    }

    private mutating func parseCharacterEscape(_ scalar: Unicode.Scalar) throws(Pattern.Failure) -> UInt32 {
        switch scalar {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "f": return 0x0C
        case "0": return 0
        case "x": return try hexadecimal(digits: 2)
        case "u":
            guard consume("{") else { return try parseSurrogates() }
            let start = position
            while current?.properties.isASCIIHexDigit == true { position += 1 }
            let text = String(String.UnicodeScalarView(scalars[start..<position]))
            guard consume("}"), let value = UInt32(text, radix: 16), value <= 0x10FFFF else {
                throw failure("an escape '\\u{…}' is malformed")
            }
            return value
        default:
            guard !scalar.properties.isAlphabetic, scalar.properties.numericType == nil else {
                throw failure("the escape '\\\(scalar)' is unknown")
            }
            return scalar.value
        }
    }

    /// `\uXXXX`, or two of them that form a surrogate pair.
    private mutating func parseSurrogates() throws(Pattern.Failure) -> UInt32 {
        let first = try hexadecimal(digits: 4)
        guard (0xD800..<0xDC00).contains(first), current == "\\", position + 1 < scalars.count, scalars[position + 1] == "u"
        else { return first }
        position += 2
        let second = try hexadecimal(digits: 4)
        guard (0xDC00..<0xE000).contains(second) else { throw failure("a surrogate is alone") }
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
    }

    private mutating func hexadecimal(digits: Int) throws(Pattern.Failure) -> UInt32 {
        let end = position + digits
        guard end <= scalars.count,
            let value = UInt32(String(String.UnicodeScalarView(scalars[position..<end])), radix: 16),
            scalars[position].properties.isASCIIHexDigit
        else { throw failure("an escape lacks its hexadecimal digits") }
        position = end
        return value
    }

    private mutating func parseProperty() throws(Pattern.Failure) -> ScalarSet.Part {
        guard consume("{") else { throw failure("'\\p' needs a name in braces") }
        let start = position
        while let scalar = current, scalar != "}" { _ = scalar; position += 1 }
        var name = String(String.UnicodeScalarView(scalars[start..<position]))
        guard consume("}") else { throw failure("'\\p' needs a name in braces") }
        for prefix in ["gc=", "General_Category="] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        guard let part = ScalarSet.category(name) else { throw failure("the property '\(name.prefix(40))' is not available") }
        return part
    }
}
