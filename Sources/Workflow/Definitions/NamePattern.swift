/// The rules for names in definitions.
enum NamePattern {
    /// Workflow names: `^[a-z0-9][a-z0-9-]{0,99}$`.
    static func isWorkflowName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 100, isLetter(first) || isDigit(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Ids of phases, agents and criteria: `^[a-z][a-z0-9_-]{0,62}$`.
    static func isIdentifier(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 63, isLetter(first) else { return false }
        return bytes.allSatisfy {
            isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    static let identifierRule =
        "must start with a lower-case letter and have only a-z, 0-9, '_' and '-', at most 63 in all"
    static let workflowNameRule =
        "must start with a lower-case letter or digit and have only a-z, 0-9 and '-', at most 100 in all"

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
