import Workflow

extension SemanticVersion {
    /// A text that orders byte by byte as the versions do (Semantic Versioning 2.0.0, item 11): what
    /// `workflows.version_sort` holds.
    ///
    /// Numbers have 20 digits. `~`, after every letter, ends a release, which comes after its pre-releases. In those a
    /// number is marked `0` and a word `1`, because numbers come first, and `,`, before every character of an
    /// identifier, ends each, so that fewer of them come first.
    var sortKey: String {
        let core = [major, minor, patch].map { Self.padded(String($0)) }.joined(separator: ".")
        guard !prerelease.isEmpty else { return core + "~" }
        return core + "-"
            + prerelease.map { part in
                let isNumber = part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                return (isNumber ? "0" + Self.padded(part) : "1" + part) + ","
            }.joined()
    }

    private static func padded(_ digits: String) -> String {
        String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    }
}
