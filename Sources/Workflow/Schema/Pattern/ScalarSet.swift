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
