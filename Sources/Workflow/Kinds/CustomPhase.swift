package import Base

/// A phase of a kind that the embedding program registered.
package struct CustomPhase: Sendable, Hashable {
    /// The kind's name, with a dot: `shop.resize`.
    package var kind: String
    /// An object: all keys of the phase that are not common to every kind.
    package var attributes: JSON

    package init(kind: String, attributes: JSON = [:]) {
        self.kind = kind
        self.attributes = attributes
    }
}

extension CustomPhase {
    /// Takes all members that are not common to every kind.
    init?(reading phase: PhaseReader) {
        guard let kind = phase.reader.value("kind")?.string else { return nil }
        self.init(kind: kind, attributes: .object(phase.reader.unread))
        for problem in phase.customKinds.problems(in: self) {
            phase.reader.problems.report(problem.detail, at: phase.reader.pointer + problem.pointer)
        }
    }
}

/// The kinds of phases that the embedding program registered, with the checks of their attributes.
package struct CustomKinds: Sendable {
    /// Finds what is wrong with a phase's attributes; pointers begin at the phase.
    package typealias Check = @Sendable (_ attributes: JSON) -> [Problem]

    /// By the kinds' names; nil accepts every kind.
    private let checks: [String: Check]?

    /// Accepts every kind with any attributes: for definitions that were checked when they were published, and for
    /// programs that do not know the kinds of the service.
    package static let unchecked = CustomKinds(checks: nil)
    package static let none = CustomKinds([:])

    /// By the kinds' names.
    package init(_ checks: [String: Check]) {
        self.checks = checks
    }

    private init(checks: [String: Check]?) {
        self.checks = checks
    }

    /// Words with dots between them, such as `shop.resize`. A built-in kind has no dot in its name.
    package static func isName(_ text: String) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        return words.count > 1 && text.utf8.count <= 100 && words.allSatisfy { NamePattern.isIdentifier(String($0)) }
    }

    func problems(in phase: CustomPhase) -> [Problem] {
        guard let checks else { return [] }
        guard let check = checks[phase.kind] else {
            let hint = NearestName.hint(phase.kind, among: checks.keys.sorted())
            return [Problem(pointer: "/kind", detail: "is not a kind that this service has\(hint)")]
        }
        return check(phase.attributes)
    }
}
