package import Workflow

/// How the processor gets at a model; throws `unknown_model` where no provider has it.
package typealias ModelLookup = @Sendable (ModelName) throws(ProviderError) -> any LanguageModel

/// How the processor gets at a secret; nil where this node has none of that name.
package typealias SecretLookup = @Sendable (String) -> String?

/// What steps are run with.
package struct StepServices: Sendable {
    package var models: ModelLookup
    package var web: any WebClient
    package var secrets: SecretLookup
    /// By their names.
    package var ownKinds: [String: RegisteredKind]
    // The processor's own.
    var subtasks: SubtaskPreparation?
    var places: ModelPlaces?
    let deadlines = Deadlines()

    package init(
        models: @escaping ModelLookup, web: any WebClient = NoWebClient(), secrets: @escaping SecretLookup = { _ in nil },
        ownKinds: [RegisteredKind] = []
    ) {
        self.models = models
        self.web = web
        self.secrets = secrets
        self.ownKinds = Dictionary(ownKinds.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    }
}

/// Sends nothing: for a processor that is given no client.
package struct NoWebClient: WebClient {
    package init() {}

    package func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        throw ProviderError(code: .unavailable, message: "This node sends no HTTP requests.")
    }
}
