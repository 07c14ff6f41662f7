/// Which phases an expression reads, by the text that PostgreSQL writes of it: `($."phases"."rank"."agreement" < 0.6)`.
package enum ExpressionReferences {
    /// The ids after `$.phases` and `$.task.phases`, in order. Inside a string of the path quotes are escaped, so that
    /// nothing there looks like this.
    package static func phases(inCanonical path: String) -> [String] {
        var ids: [String] = []
        for start in [#"$."phases"."#, #"$."task"."phases"."#] {
            for part in path.components(around: start) where part.first == "\"" {
                let id = part.dropFirst().prefix { $0 != "\"" && $0 != "\\" }
                if !id.isEmpty { ids.append(String(id)) }
            }
        }
        return ids
    }

    /// What is wrong with what a path reads; nil when all of it is there.
    package static func problem(inCanonical path: String, visible: Set<String>) -> String? {
        guard let unknown = phases(inCanonical: path).first(where: { !visible.contains($0) }) else { return nil }
        return "reads the phase '\(unknown.prefix(80))', which does not come before it"
            + NearestName.hint(unknown, among: visible.sorted())
    }
}

extension String {
    /// What follows each occurrence of a text.
    fileprivate func components(around text: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            rest = rest[range.upperBound...]
            found.append(rest)
        }
        return found
    }
}
