import Base

/// Rows in columns, for people.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    mutating func add(_ cells: String...) {
        rows.append(cells.map(SafeText.line))
    }

    /// Every line, the header first; the last column is not padded. In a terminal its texts are broken between words.
    var text: String {
        let all = [header] + rows
        let widths = header.indices.dropLast().map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        return all.map { row in
            let head = zip(row, widths).map { DisplayWidth.padded($0, $1) + "  " }.joined()
            return TextWrap.terminal(row.last ?? "", after: head)
        }.joined(separator: "\n")
    }
}

/// How many columns of a terminal texts take (after Unicode's East Asian Width, UAX #11).
enum DisplayWidth {
    static func of(_ text: String) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    static func of(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        let isEmoji = scalar.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}")
        return isEmoji || isWide(scalar.value) ? 2 : 1
    }

    /// How many rows of a terminal the text takes.
    static func rows(of text: String, columns: Int) -> Int {
        max(1, (of(text) + columns - 1) / max(1, columns))
    }

    /// The beginning of the text that fits, with an ellipsis where something is cut off.
    static func prefix(_ text: String, _ width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result = "", used = 0
        for character in text {
            used += of(character)
            if used > width - 1 { break }
            result.append(character)
        }
        return result + "…"
    }

    /// The end of the text that fits, with an ellipsis where something is cut off.
    static func suffix(_ text: String, _ width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result: [Character] = [], used = 0
        for character in text.reversed() {
            used += of(character)
            if used > width - 1 { break }
            result.append(character)
        }
        return "…" + String(result.reversed())
    }

    /// The text, with spaces up to the width.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - of(text)))
    }

    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
