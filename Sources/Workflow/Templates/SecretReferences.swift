/// Finds which secrets templates refer to: `{{secret.NAME}}`.
package enum SecretReferences {
    /// Of `A-Z 0-9 _`, beginning with a letter, at most 100: what an environment variable can carry.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5A).contains(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    package static func names(in template: String) -> Set<String> {
        Set(template.matches(of: /\bsecret\.([A-Za-z0-9_\-]+)/).map { String($0.1) })
    }

    package static func names(in json: JSON) -> Set<String> {
        switch json {
        case .string(let text): names(in: text)
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(names(in: $1)) }
        case .object(let members): members.values.reduce(into: []) { $0.formUnion(names(in: $1)) }
        default: []
        }
    }
}
