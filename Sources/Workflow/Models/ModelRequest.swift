/// What a model is asked, and for whom.
package struct ModelRequest: Sendable {
    package var model: ModelName
    package var messages: [ModelMessage]
    /// 0…2; nil leaves it to the provider.
    package var temperature: Double?
    /// The most tokens to answer with, above 0; nil leaves it to the provider.
    package var maxTokens: Int?
    /// The shape of the answer, when it must be JSON.
    package var schema: ResponseSchema?
    /// The same seed asks for the same answer, where the provider can give it.
    package var seed: UInt64
    /// How long the whole call may take.
    package var timeout: Duration
    /// Who and what the call is for; passed on unchanged.
    package var context: ExecutionContext
    /// The key of the phase.
    package var phase: String
    /// The slug of the agent.
    package var agent: String

    package init(
        model: ModelName, messages: [ModelMessage], temperature: Double? = nil, maxTokens: Int? = nil,
        schema: ResponseSchema? = nil, seed: UInt64, timeout: Duration, context: ExecutionContext, phase: String,
        agent: String
    ) {
        self.model = model
        self.messages = messages
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.schema = schema
        self.seed = seed
        self.timeout = timeout
        self.context = context
        self.phase = phase
        self.agent = agent
    }
}
