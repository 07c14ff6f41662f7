/// A version by Semantic Versioning 2.0.0; ordered by its precedence, so 1.10.0 follows 1.9.0.
///
/// Build metadata is kept in the text and decides neither order nor equality (semver.org, item 10).
package struct SemanticVersion: Sendable, LosslessStringConvertible {
    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    /// The dot-separated identifiers after `-`; empty for a release.
    package let prerelease: [String]
    /// The text after `+`; nil without one.
    package let build: String?

    /// Nil when the text is not a semantic version.
    package init?(_ description: String) {
        let plus = description.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        let hyphen = plus[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = hyphen[0].split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else { return nil }
        self.major = major
        self.minor = minor
        self.patch = patch

        let prerelease = hyphen.count == 2 ? hyphen[1].split(separator: ".", omittingEmptySubsequences: false) : []
        guard prerelease.allSatisfy({ Self.isIdentifier($0) && (!Self.isNumeric($0) || Self.number($0) != nil) }) else {
            return nil
        }
        self.prerelease = prerelease.map(String.init)

        let build = plus.count == 2 ? plus[1].split(separator: ".", omittingEmptySubsequences: false) : []
        guard build.allSatisfy(Self.isIdentifier) else { return nil }
        self.build = plus.count == 2 ? String(plus[1]) : nil
    }

    package var description: String {
        var text = "\(major).\(minor).\(patch)"
        if !prerelease.isEmpty { text += "-" + prerelease.joined(separator: ".") }
        if let build { text += "+" + build }
        return text
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard isNumeric(text), text == "0" || !text.hasPrefix("0") else { return nil }
        return UInt64(text)
    }

    fileprivate static func isNumeric(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isIdentifier(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
                default: false
                }
            }
    }
}

extension SemanticVersion: Comparable, Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        left.major == right.major && left.minor == right.minor && left.patch == right.patch
            && left.prerelease == right.prerelease
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(major)
        hasher.combine(minor)
        hasher.combine(patch)
        hasher.combine(prerelease)
    }

    package static func < (left: Self, right: Self) -> Bool {
        if (left.major, left.minor, left.patch) != (right.major, right.minor, right.patch) {
            return (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
        }
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (first, second) in zip(left.prerelease, right.prerelease) where first != second {
            switch (isNumeric(first), isNumeric(second)) {
            case (true, true):
                return (UInt64(first) ?? .max) < (UInt64(second) ?? .max)
            case (true, false): return true
            case (false, true): return false
            case (false, false): return first.utf8.lexicographicallyPrecedes(second.utf8)
            }
        }
        return left.prerelease.count < right.prerelease.count
    }
}
