/// Breaks texts between words, so that a terminal does not break them inside of one.
enum TextWrap {
    /// The text, which begins at the end of `head`, in lines that fit into the terminal. The further ones begin below it.
    /// Unchanged where standard output is no terminal, or has hardly a column left.
    static func terminal(_ text: String, after head: String = "") -> String {
        let indent = DisplayWidth.of(head)
        guard let columns = Terminal.columns, columns - indent >= 10 else { return head + text }
        return head + lines(text, width: columns - indent).joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// Lines of at most `width` columns. A word that is longer than a line is broken anywhere, and so is a text in a script
    /// without spaces. What belongs to an indented line is indented as much, at most by half of the width.
    static func lines(_ text: String, width: Int) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            let line = expandingTabs(line)
            return DisplayWidth.of(line) <= width ? [line] : broken(line, width)
        }
    }

    private static func broken(_ line: String, _ width: Int) -> [String] {
        let spaces = line.prefix { $0 == " " }
        let indent = min(spaces.count, width / 2)
        let start = String(repeating: " ", count: indent)
        var (lines, current, used, gap) = ([String](), start, indent, 0)
        func next() {
            lines.append(current)
            (current, used, gap) = (start, indent, 0)
        }
        let words = line[spaces.endIndex...].split(separator: " ", omittingEmptySubsequences: false)
        for (number, word) in words.enumerated() {
            gap += number == 0 ? 0 : 1
            guard !word.isEmpty else { continue }
            let length = DisplayWidth.of(String(word))
            // A word that no line holds begins on this one, if it has a column for it.
            let needed = length > width - indent ? 2 : length
            if used > indent, used + gap + needed > width { next() }
            if used > indent {
                current += String(repeating: " ", count: gap)
                used += gap
            }
            gap = 0
            for character in word {
                let columns = DisplayWidth.of(character)
                if used > indent, used + columns > width { next() }
                current.append(character)
                used += columns
            }
        }
        return lines + [current]
    }

    /// With spaces up to the next multiple of eight columns for each tab.
    private static func expandingTabs(_ line: Substring) -> String {
        guard line.contains("\t") else { return String(line) }
        var (text, used) = ("", 0)
        for character in line {
            let space = character == "\t" ? String(repeating: " ", count: 8 - used % 8) : String(character)
            text += space
            used += character == "\t" ? space.count : DisplayWidth.of(character)
        }
        return text
    }
}
