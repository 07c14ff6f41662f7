extension PatternParser {
    /// What follows a `\` outside of brackets.
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

    /// What stands in brackets; the `[` is behind us.
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

    /// An escape that stands for characters; the `\` is behind us.
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
