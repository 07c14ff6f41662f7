package import Processor
package import Workflow

extension OwnKinds {
    /// - Throws: `ConfigurationError` for a name that no kind can have, or that two have.
    package init(registered kinds: [RegisteredKind]) throws(ConfigurationError) {
        var checks: [String: Check] = [:]
        var problems: [ConfigurationError.Problem] = []
        for kind in kinds {
            if !Self.isName(kind.name) {
                problems.append(.init(
                    key: "", source: "kind '\(kind.name)'",
                    detail: "must have a name of words with dots between them, such as shop.resize, in lower case"))
            }
            if checks.updateValue(kind.check, forKey: kind.name) != nil {
                problems.append(.init(key: "", source: "kind '\(kind.name)'", detail: "is registered twice"))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        self.init(checks)
    }
}
