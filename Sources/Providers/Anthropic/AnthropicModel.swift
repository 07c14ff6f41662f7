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
