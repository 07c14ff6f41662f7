import Store

/// What the handlers share.
struct APIEnvironment: Sendable {
    let store: Store
    let configuration: APIConfiguration
    let definitions: DefinitionCache

    var bodyLimit: Int { configuration.maxBodyBytes }
}
