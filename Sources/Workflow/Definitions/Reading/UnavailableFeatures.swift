/// What the contract names and this version does not carry out yet. To lift one, take it out here.
enum UnavailableFeatures {
    static let kinds: Set<String> = ["workflow"]

    static func detail(kind: String) -> String { "kind '\(kind)' is not available in this version" }
}
