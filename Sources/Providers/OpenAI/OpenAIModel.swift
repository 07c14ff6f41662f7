package import AsyncHTTPClient
package import Logging
import NIOCore
import NIOHTTP1
package import Workflow

/// A model behind a server that speaks OpenAI's chat completions; every answer is streamed.
package struct OpenAIModel: LanguageModel {
    private let options: OpenAIOptions
    private let httpClient: HTTPClient
    private let logger: Logger

    package init(options: OpenAIOptions, httpClient: HTTPClient, logger: Logger) {
        self.options = options
        self.httpClient = httpClient
        self.logger = logger
    }

    package func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard !Task.isCancelled else { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
        var http = HTTPClientRequest(url: options.url("/chat/completions"))
        http.method = .POST
        http.headers = try options.callHeaders(request)
        let body = OpenAIRequestBody.json(for: request, tokenLimitField: options.tokenLimitField)
        http.body = .bytes(ByteBuffer(bytes: body.utf8))
        let call = ModelCall(
            server: options, httpClient: httpClient, logger: logger, request: request, stream: ChatCompletionStream())
        return try await call.run(http, onText: onText)
    }
}

/// The body of `POST /chat/completions`.
enum OpenAIRequestBody {
    static func json(for request: ModelRequest, tokenLimitField: OpenAIOptions.TokenLimitField) -> JSON {
        var body: [String: JSON] = [
            "model": .string(request.model.model),
            "messages": .array(request.messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] }),
            "stream": true,
            "stream_options": ["include_usage": true],
            // 31 bits, because some servers read the seed into a signed 32-bit integer.
            "seed": .integer(Int64(request.seed & 0x7FFF_FFFF)),
        ]
        if let temperature = request.temperature { body["temperature"] = .number(temperature) }
        if let limit = request.maxTokens { body[tokenLimitField.rawValue] = .integer(Int64(limit)) }
        if let schema = request.schema {
            body["response_format"] = [
                "type": "json_schema",
                "json_schema": ["name": .string(schema.name), "schema": schema.schema, "strict": .bool(schema.isClosed)],
            ]
        }
        return .object(body)
    }
}

/// What one `openai` provider is told about its server.
package struct OpenAIOptions: Sendable, Equatable {
    /// The member of the request that carries the most tokens to answer with.
    package enum TokenLimitField: String, Sendable, CaseIterable {
        /// What nearly every server understands.
        case maxTokens = "max_tokens"
        /// What OpenAI's reasoning models ask for instead.
        case maxCompletionTokens = "max_completion_tokens"
    }

    /// The address before `/chat/completions` and `/models`, such as `https://api.openai.com/v1`.
    package var baseURL: String
    package var apiKey: APIKey?
    package var tokenLimitField = TokenLimitField.maxTokens
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    package var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    package var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, above 0.
    package var maxResponseBytes = 8 << 20

    package init(baseURL: String, apiKey: APIKey? = nil) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }
}

extension OpenAIOptions: ModelServer {
    var modelsPath: String { "/models" }

    func identify(in headers: inout HTTPHeaders, key: String?) {
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
    }
}

extension OpenAIOptions {
    /// Reads what the server is told from a provider's configuration.
    ///
    /// - Throws: `invalid_request` without a usable `base_url`, `unauthorized` when the key's variable is not set.
    init(_ configuration: ProviderConfiguration, environment: [String: String]) throws(ProviderError) {
        self.init(
            baseURL: try configuration.usableBaseURL(otherwise: nil), apiKey: try configuration.usableKey(environment))
        tokenLimitField = configuration.tokenLimitField
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
    }
}
