import Workflow

/// Puts a streamed answer together, event by event; a value, without any input or output of its own.
protocol AnswerStream: Sendable {
    /// Takes in one event, or a whole answer from a server that does not stream, and returns the piece of text that it
    /// adds, if any.
    mutating func receive(_ event: EventStreamParser.Event) throws(ProviderError) -> String?
    /// Whether the model has begun to answer.
    var hasBegun: Bool { get }
    /// Whether the answer is whole, so that a connection that breaks now loses nothing but perhaps the usage.
    var isComplete: Bool { get }
    /// Whether nothing more is to be expected.
    var isDone: Bool { get }
    /// The answer, once the stream has ended.
    ///
    /// - Throws: `refused`, or `invalid_response` when the stream was cut off.
    func response(model requested: String) throws(ProviderError) -> ModelResponse
}
