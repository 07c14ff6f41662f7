package import AsyncHTTPClient
package import Logging
import NIOCore
import NIOHTTP1
package import Workflow

/// A model behind a server that speaks OpenAI's chat completions; every answer is streamed.
///
/// One call is one attempt: whether and when to repeat it is the processor's decision.
package struct OpenAIModel: LanguageModel {
    private let options: OpenAIOptions
    private let httpClient: HTTPClient
    private let logger: Logger

    package init(options: OpenAIOptions, httpClient: HTTPClient, logger: Logger) {
        self.options = options
        self.httpClient = httpClient
        self.logger = logger
    }

    private enum Outcome: Sendable {
        case ended(Result<ModelResponse, ProviderError>)
        case expired(CallWatch.Expiry?)
    }

    package func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard !Task.isCancelled else { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
        let watch = CallWatch(timeout: request.timeout)
        let (result, expiry) = await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                do throws(ProviderError) {
                    return .ended(.success(try await exchange(request, watch: watch, onText: onText)))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask { .expired(await watch.expiry()) }
            var result: Result<ModelResponse, ProviderError>?
            var expiry: CallWatch.Expiry?
            for await outcome in group {
                switch outcome {
                case .ended(let ended): result = ended
                // A clock that runs out once the call has ended is none of its business.
                case .expired(let expired): expiry = result == nil ? expired : nil
                }
                group.cancelAll()
            }
            return (result, expiry)
        }
        do throws(ProviderError) {
            return try verdict(result, expiry: expiry, request: request)
        } catch {
            logger.debug(
                "model call failed",
                metadata: ["model": "\(request.model)", "code": "\(error.code)", "detail": "\(error.message)"])
            throw error
        }
    }

    /// What the call comes to, when its end and the end of a clock may have met.
    private func verdict(
        _ result: Result<ModelResponse, ProviderError>?, expiry: CallWatch.Expiry?, request: ModelRequest
    ) throws(ProviderError) -> ModelResponse {
        switch (result, expiry) {
        // An answer that is whole was paid for: it counts even when the clock ran out in the same moment.
        case (.success(let response)?, _):
            return response
        case (.failure(let error)?, _) where error.code != .cancelled:
            throw redacted(error)
        case (_, .timedOut?) where !Task.isCancelled:
            throw ProviderError(code: .timeout, message: "\(request.model) took longer than \(request.timeout)")
        case (_, .stalled?) where !Task.isCancelled:
            throw ProviderError(code: .stalled, message: "\(request.model) sent nothing for too long")
        default:
            throw ProviderError(code: .cancelled, message: "the call was cancelled")
        }
    }

    private func redacted(_ error: ProviderError) -> ProviderError {
        guard let key = options.apiKey else { return error }
        var error = error
        error.message = key.redacted(from: error.message)
        return error
    }

    private func exchange(
        _ request: ModelRequest, watch: CallWatch, onText: @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let http = try OpenAIHTTP.request(for: request, options: options)
        watch.startWaiting(atMost: options.firstTokenTimeout)
        do {
            let response = try await httpClient.execute(http, deadline: .now() + .hours(24), logger: nil)
            guard response.status == .ok else { throw try await OpenAIHTTP.failure(of: response) }
            var reader = OpenAIResponseReader(options: options, watch: watch)
            return try await reader.read(response, model: request.model.model, onText: onText)
        } catch let error as ProviderError {
            throw error
        } catch {
            // Whatever the transport makes of it: who cancelled, by the clock or from outside, is known above.
            if Task.isCancelled { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
            throw OpenAIHTTP.providerError(for: error, url: options.baseURL)
        }
    }
}
