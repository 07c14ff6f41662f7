package import Workflow

/// Whether a provider can be used, as far as can be told without asking a model.
package struct ProviderCheck: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        /// The server answered and accepts the key.
        case reachable
        /// The server answered, but does not list its models; calls may work all the same.
        case reachableWithoutModels
        /// Nothing can be asked of it; the error says why.
        case unusable(ProviderError)
    }

    package let provider: String
    /// Nil when no provider has that name.
    package let kind: ProviderConfiguration.Kind?
    package let status: Status
    /// The models that the server lists, sorted; empty for `rehearsal`, which takes any name.
    package let models: [String]

    package var isUsable: Bool {
        if case .unusable = status { false } else { true }
    }

    /// What was found, and how to mend it, in one sentence.
    package var summary: String {
        switch status {
        case .reachable where kind == .rehearsal: "is built in"
        case .reachable: models.count == 1 ? "offers 1 model" : "offers \(models.count) models"
        case .reachableWithoutModels: "answers, but does not list its models"
        case .unusable(let error):
            switch error.code {
            case .unauthorized: "\(error.message); set api_key_env to a variable that holds a valid key"
            case .unavailable, .timeout: "\(error.message); is the server running, and base_url right?"
            default: error.message
            }
        }
    }
}
