package import Base

/// A provider of language models: it answers a conversation with text.
package protocol LanguageModel: Sendable {
    /// Asks for one answer.
    ///
    /// `onText` gets each piece of the answer's text as it arrives, in order.
    /// Cancelling the Swift task drops the request at once and throws a `ProviderError` with the code `cancelled`.
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse

    /// Whether it adds each request that it sends to `ModelRequest.calls`. The caller adds those of other models.
    var recordsCalls: Bool { get }
}

extension LanguageModel {
    package var recordsCalls: Bool { false }
}

/// A request to a model, with the context that it is made for.
package struct ModelRequest: Sendable {
    package var model: ModelName
    package var messages: [ModelMessage]
    /// 0…2; nil leaves it to the provider.
    package var temperature: Double?
    /// The limit of the answer, in tokens, above 0; nil leaves it to the provider.
    package var maxTokens: Int?
    /// The shape of the answer, when it must be JSON.
    package var schema: ResponseSchema?
    /// The same seed asks for the same answer, where the provider can give it.
    package var seed: UInt64
    /// How long the whole call may take.
    package var timeout: Duration
    /// Whom and what the call is for; passed on unchanged.
    package var context: ExecutionContext
    /// The key of the phase.
    package var phase: String
    /// The slug of the agent.
    package var agent: String
    /// Takes the calls that the request leads to; nil where they are not kept.
    package var calls: CallLog?

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

/// One turn of a conversation with a model.
package struct ModelMessage: Sendable, Hashable {
    package enum Role: String, Sendable, Hashable, CaseIterable {
        case system, user, assistant
    }

    package var role: Role
    package var content: String

    package init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}

/// The JSON Schema that an answer must follow.
package struct ResponseSchema: Sendable, Hashable {
    /// A short name that providers require beside the schema: `^[a-z_]{1,64}$`.
    package var name: String
    package var schema: JSON

    package init(name: String, schema: JSON) {
        self.name = name
        self.schema = schema
    }

    /// Whether providers can hold the model to it word by word: they ask that every object requires all its
    /// properties and takes no others.
    package var isClosed: Bool { Self.isClosed(schema) }

    private static func isClosed(_ schema: JSON) -> Bool {
        switch schema {
        case .array(let parts):
            return parts.allSatisfy(isClosed)
        case .object(let members):
            let properties = members["properties"]?.object ?? [:]
            if members["type"] == "object" || !properties.isEmpty {
                let required = Set(members["required"]?.array?.compactMap(\.string) ?? [])
                guard members["additionalProperties"] == false, required == Set(properties.keys) else { return false }
            }
            return members.allSatisfy { key, part in
                key == "properties" || key == "$defs" ? values(part).allSatisfy(isClosed) : isClosed(part)
            }
        default:
            return true
        }
    }

    private static func values(_ list: JSON) -> [JSON] {
        list.object.map { Array($0.values) } ?? []
    }
}

/// A model's answer: the text without thoughts. It is complete unless `finishReason` says that it was cut.
package struct ModelResponse: Sendable, Hashable {
    package var text: String
    package var usage: Usage
    /// Why the model stopped; nil when the provider did not say.
    package var finishReason: FinishReason?
    /// The model that answered, as the provider names it.
    package var model: String

    package init(text: String, usage: Usage, finishReason: FinishReason? = nil, model: String) {
        self.text = text
        self.usage = usage
        self.finishReason = finishReason
        self.model = model
    }
}
