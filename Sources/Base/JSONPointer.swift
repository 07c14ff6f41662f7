/// JSON Pointers (RFC 6901) as texts: `/phases/0/agents/1`; `~` is written `~0` and `/` is written `~1`.
package enum JSONPointer {
    /// The pointer to a member of the object at `pointer`.
    package static func appending(_ key: String, to pointer: String) -> String {
        pointer + "/" + escaped(key)
    }

    /// The pointer to an element of the array at `pointer`.
    package static func appending(_ index: Int, to pointer: String) -> String {
        pointer + "/" + String(index)
    }

    /// The pointer without its last part; nil for the root.
    package static func parent(of pointer: String) -> String? {
        guard let slash = pointer.lastIndex(of: "/") else { return nil }
        return String(pointer[..<slash])
    }

    /// The parts of a pointer, unescaped; nil when the text is no pointer.
    package static func parts(of pointer: String) -> [String]? {
        guard !pointer.isEmpty else { return [] }
        guard pointer.hasPrefix("/") else { return nil }
        return pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(unescaped)
    }

    private static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        return String(
            key.unicodeScalars.reduce(into: String.UnicodeScalarView()) { text, scalar in
                switch scalar {
                case "~": text.append(contentsOf: "~0".unicodeScalars)
                case "/": text.append(contentsOf: "~1".unicodeScalars)
                default: text.append(scalar)
                }
            })
    }

    private static func unescaped(_ part: Substring) -> String {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var text = String.UnicodeScalarView()
        var afterTilde = false
        for scalar in part.unicodeScalars {
            if afterTilde {
                switch scalar {
                case "0": text.append("~")
                case "1": text.append("/")
                default:
                    text.append("~")
                    text.append(scalar)
                }
                afterTilde = false
            } else if scalar == "~" {
                afterTilde = true
            } else {
                text.append(scalar)
            }
        }
        if afterTilde { text.append("~") }
        return String(text)
    }
}
