package import AsyncHTTPClient
package import Logging
import NIOCore
import NIOHTTP1
package import Workflow

/// A model behind a server that speaks Anthropic's messages; every answer is streamed.
package struct AnthropicModel: LanguageModel {
    private let options: AnthropicOptions
    private let httpClient: HTTPClient
    private let logger: Logger

    package init(options: AnthropicOptions, httpClient: HTTPClient, logger: Logger) {
        self.options = options
        self.httpClient = httpClient
        self.logger = logger
    }

    package func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard !Task.isCancelled else { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
        var http = HTTPClientRequest(url: options.url("/messages"))
        http.method = .POST
        http.headers = try options.callHeaders(request)
        let body = AnthropicRequestBody.json(for: request, maxTokens: options.maxTokens)
        http.body = .bytes(ByteBuffer(bytes: body.utf8))
        let call = ModelCall(
            server: options, httpClient: httpClient, logger: logger, request: request, stream: MessageStream())
        return try await call.run(http, onText: onText)
    }
}

/// The body of `POST /messages`.
///
/// A structured answer is asked for as the call of a tool whose input has the schema, since the model must then give
/// exactly such an input: there is one tool, and the model is told to call it.
enum AnthropicRequestBody {
    static func json(for request: ModelRequest, maxTokens: Int) -> JSON {
        let system = request.messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n")
        let turns = request.messages.filter { $0.role != .system }
        var body: [String: JSON] = [
            "model": .string(request.model.model),
            "max_tokens": .integer(Int64(request.maxTokens ?? maxTokens)),
            "messages": .array(turns.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] }),
            "stream": true,
        ]
        if !system.isEmpty { body["system"] = .string(system) }
        // The API knows 0…1 only; OpenAI's servers, and so definitions, go up to 2.
        if let temperature = request.temperature { body["temperature"] = .number(min(1, temperature)) }
        if let schema = request.schema {
            body["tools"] = [
                [
                    "name": .string(schema.name), "description": "Takes the answer. Call it once, with the whole answer.",
                    "input_schema": schema.schema,
                ]
            ]
            body["tool_choice"] = ["type": "tool", "name": .string(schema.name), "disable_parallel_tool_use": true]
        }
        return .object(body)
    }
}

/// What one `anthropic` provider is told about its server.
package struct AnthropicOptions: Sendable, Equatable {
    package static let defaultBaseURL = "https://api.anthropic.com/v1"

    /// The address before `/messages` and `/models`.
    package var baseURL: String
    package var apiKey: APIKey?
    /// The most tokens to answer with where the agent names no number; the API wants one.
    package var maxTokens = 4_096
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    package var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    package var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, above 0.
    package var maxResponseBytes = 8 << 20

    package init(baseURL: String = Self.defaultBaseURL, apiKey: APIKey? = nil) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }
}

extension AnthropicOptions: ModelServer {
    /// The version of the API that is spoken.
    private static let version = "2023-06-01"

    // The longest page; all models are on it.
    var modelsPath: String { "/models?limit=1000" }

    func identify(in headers: inout HTTPHeaders, key: String?) {
        headers.add(name: "anthropic-version", value: Self.version)
        if let key { headers.add(name: "x-api-key", value: key) }
    }
}

extension AnthropicOptions {
    /// Reads what the server is told from a provider's configuration.
    ///
    /// - Throws: `invalid_request` when `base_url` is no address, `unauthorized` when the key's variable is not set.
    init(_ configuration: ProviderConfiguration, environment: [String: String]) throws(ProviderError) {
        self.init(
            baseURL: try configuration.usableBaseURL(otherwise: Self.defaultBaseURL),
            apiKey: try configuration.usableKey(environment))
        if let limit = configuration.maxTokens { maxTokens = limit }
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
    }
}
