/// Something that answers a conversation with text.
package protocol LanguageModel: Sendable {
    /// Asks for one answer.
    ///
    /// `onText` gets each piece of the answer's text as it arrives, in order; it is not called for what is not text.
    /// Cancelling the Swift task drops the request at once and throws a `ProviderError` with the code `cancelled`.
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse
}
