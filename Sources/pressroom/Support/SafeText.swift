/// Makes texts of models and servers harmless to a terminal: nothing in them can move the cursor or set a colour.
enum SafeText {
    /// Keeps line breaks and tabs, drops every other control character and what changes the direction of writing.
    static func lines(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || !isDangerous($0) }))
    }

    /// The same in one line: runs of white space become one space.
    static func line(_ text: String) -> String {
        lines(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
