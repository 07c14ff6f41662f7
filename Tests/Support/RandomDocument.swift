package import Base

/// A document with its numbers as they are written.
package indirect enum RandomDocument {
    case word(String)
    case number(String)
    case text(String)
    case list([RandomDocument])
    case object([(String, RandomDocument)])

    package static func random(_ generator: inout SeededGenerator, maxDepth: UInt64) -> RandomDocument {
        var left = Int(generator.next(below: 200))
        return random(&generator, depth: 0, maxDepth: Int(generator.next(below: maxDepth)), &left)
    }

    /// - Parameter left: how many more containers there may be.
    private static func random(_ generator: inout SeededGenerator, depth: Int, maxDepth: Int, _ left: inout Int) -> RandomDocument {
        // Few branches, so that there are deep ones.
        let isDeep = depth < maxDepth && left > 0 && generator.next(below: 10) > 0
        left -= 1
        switch isDeep ? generator.next(below: 3) + 3 : generator.next(below: 3) {
        case 0: return .word(["null", "true", "false"][Int(generator.next(below: 3))])
        case 1: return .number(number(&generator))
        case 2: return .text(text(&generator))
        case 3:
            return .list((0..<generator.next(below: depth < 5 ? 5 : 2)).map { _ in random(&generator, depth: depth + 1, maxDepth: maxDepth, &left) })
        case 4: return .list([random(&generator, depth: depth + 1, maxDepth: maxDepth, &left)])
        default:
            var keys: [String] = []
            for _ in 0..<generator.next(below: depth < 5 ? 20 : 2) {
                let key = text(&generator)
                if !keys.contains(where: { $0.utf8.elementsEqual(key.utf8) }) { keys.append(key) }
            }
            return .object(keys.map { ($0, random(&generator, depth: depth + 1, maxDepth: maxDepth, &left)) })
        }
    }

    private static func number(_ generator: inout SeededGenerator) -> String {
        func digits(_ count: UInt64) -> String { (0..<count).map { _ in String(generator.next(below: 10)) }.joined() }
        let sign = generator.next(below: 2) == 0 ? "-" : ""
        let whole = generator.next(below: 4) == 0 ? "0" : String(1 + generator.next(below: 9)) + digits(generator.next(below: 40))
        switch generator.next(below: 6) {
        case 0: return sign + whole
        case 1: return sign + whole + "." + digits(1 + generator.next(below: 30))
        case 2: return sign + whole + "e" + ["", "+", "-"][Int(generator.next(below: 3))] + String(generator.next(below: 300))
        case 3: return String(Int64(bitPattern: generator.next()))
        case 4: return ["9223372036854775808", "-9223372036854775809", "9007199254740993", "1e308", "5e-324", "0.1", "1.0", "-0", "0e0"][Int(generator.next(below: 9))]
        default: return "\(Double(bitPattern: generator.next() & 0x7FDF_FFFF_FFFF_FFFF))"
        }
    }

    private static let pieces = [
        "", "a", "é", "e\u{301}", "\u{2028}", "\u{FEFF}", "🙂", "\u{1F468}\u{200D}\u{1F469}", "\"", "\\", "/", "\n", "\u{1}", "{{doc}}", "{{#a}}",
        "$ref", "#/$defs/a", "properties", "type", "__proto__", "\u{7F}", "<script>", "%00", "'", " ", "\u{E000}", "\u{10FFFF}", "ß", "İ", "ﬀ",
    ]

    private static func text(_ generator: inout SeededGenerator) -> String {
        if generator.next(below: 300) == 0 { return String(repeating: "long ", count: Int(generator.next(below: 5_000))) }
        return (0..<generator.next(below: 4)).map { _ in pieces[Int(generator.next(below: UInt64(pieces.count)))] }.joined()
    }

    /// With white space and escapes here and there.
    package func text(_ generator: inout SeededGenerator) -> String {
        let space = ["", "", " ", "\n\t", "\r\n"][Int(generator.next(below: 5))]
        switch self {
        case .word(let word): return space + word
        case .number(let number): return number + space
        case .text(let text): return Self.quoted(text, &generator)
        case .list(let elements):
            return "[" + space + elements.map { $0.text(&generator) }.joined(separator: "," + space) + space + "]"
        case .object(let members):
            let texts = members.map { Self.quoted($0, &generator) + space + ":" + $1.text(&generator) }
            return "{" + space + texts.joined(separator: space + ",") + "}"
        }
    }

    private static func quoted(_ text: String, _ generator: inout SeededGenerator) -> String {
        guard generator.next(below: 2) == 0 else { return JSON.string(text).text }
        return "\"" + text.utf16.map { unit in
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined() + "\""
    }

    /// Members in their order, texts by code points, numbers by all their digits.
    package func isSame(as value: JSON) -> Bool {
        switch (self, value) {
        case (.word(let word), .null), (.word(let word), .bool): word == value.text
        case (.number(let number), .integer), (.number(let number), .number), (.number(let number), .decimal):
            DecimalNumber(number)?.canonicalText == DecimalNumber(value.text)?.canonicalText
        case (.text(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.list(let elements), .array(let others)):
            elements.count == others.count && zip(elements, others).allSatisfy { $0.isSame(as: $1) }
        case (.object(let members), .object(let others)):
            members.count == others.count
                && zip(members, others).allSatisfy { $0.0.utf8.elementsEqual($1.key.utf8) && $0.1.isSame(as: $1.value) }
        default: false
        }
    }
}
