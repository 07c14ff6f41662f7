/// The kinds of phases that the embedding program brings, as far as definitions are concerned.
package struct OwnKinds: Sendable {
    /// Finds what is wrong with a phase's attributes; pointers begin at the phase.
    package typealias Check = @Sendable (_ attributes: JSON) -> [Problem]

    /// Nil when any kind will do.
    private let checks: [String: Check]?

    /// Takes every kind with any attributes: for definitions that were checked when they were published, and where
    /// nobody knows which kinds the service has.
    package static let unchecked = OwnKinds(checks: nil)
    package static let none = OwnKinds([:])

    /// By the kinds' names.
    package init(_ checks: [String: Check]) {
        self.checks = checks
    }

    private init(checks: [String: Check]?) {
        self.checks = checks
    }

    /// Words with dots between them, so that no kind of ours will ever have such a name: `shop.resize`.
    package static func isName(_ text: String) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        return words.count > 1 && text.utf8.count <= 100 && words.allSatisfy { NamePattern.isIdentifier(String($0)) }
    }

    func problems(in phase: OwnPhase) -> [Problem] {
        guard let checks else { return [] }
        guard let check = checks[phase.kind] else {
            let hint = NearestName.hint(phase.kind, among: checks.keys.sorted())
            return [Problem(pointer: "/kind", detail: "is not a kind that this service has\(hint)")]
        }
        return check(phase.attributes)
    }
}
