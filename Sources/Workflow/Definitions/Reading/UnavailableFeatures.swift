/// What the contract names and this version does not carry out yet. To lift one, take it out here.
enum UnavailableFeatures {
    static let kinds: Set<String> = ["transform", "branch", "human", "workflow"]
    static let phaseKeys: Set<String> = ["when", "for_each", "repeat"]

    static func detail(kind: String) -> String { "kind '\(kind)' is not available in this version" }
    static func detail(key: String) -> String { "'\(key)' is not available in this version" }
}
