/// A model's complete answer.
package struct ModelResponse: Sendable, Hashable {
    package var text: String
    package var usage: Usage
    /// Why the model stopped, in the provider's word; nil when it did not say.
    package var finishReason: String?
    /// The model that answered, as the provider names it.
    package var model: String

    package init(text: String, usage: Usage, finishReason: String? = nil, model: String) {
        self.text = text
        self.usage = usage
        self.finishReason = finishReason
        self.model = model
    }
}
