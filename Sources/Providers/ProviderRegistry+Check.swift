import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Workflow

extension ProviderRegistry {
    private static let maximumListBytes = 4 << 20

    /// Asks a provider for its models (`GET {base_url}/models`), which costs nothing.
    package func check(_ name: String, timeout: Duration = .seconds(10)) async -> ProviderCheck {
        var kind: ProviderConfiguration.Kind?
        do throws(ProviderError) {
            let provider = try provider(name)
            kind = provider.configuration.kind
            _ = try provider.model.get()
            guard let options = provider.options else {
                return ProviderCheck(provider: name, kind: kind, status: .reachable, models: [])
            }
            guard let models = try await models(options, timeout: timeout) else {
                return ProviderCheck(provider: name, kind: kind, status: .reachableWithoutModels, models: [])
            }
            return ProviderCheck(provider: name, kind: kind, status: .reachable, models: models)
        } catch {
            return ProviderCheck(provider: name, kind: kind, status: .unusable(error), models: [])
        }
    }

    /// The ids of the server's models, or nil when it has no such list.
    private func models(_ options: OpenAIOptions, timeout: Duration) async throws(ProviderError) -> [String]? {
        var request = HTTPClientRequest(url: options.url("/models"))
        request.headers = try OpenAIHTTP.headers(options: options, accept: "application/json")
        do {
            let client = httpClient
            let finished = request
            let answer = try await Self.within(timeout) {
                let response = try await client.execute(finished, deadline: .now() + .hours(1))
                guard response.status == .ok else { throw try await OpenAIHTTP.failure(of: response) }
                return try await response.body.collect(upTo: Self.maximumListBytes)
            }
            let list = try? JSON(parsing: answer.readableBytesView)
            return list?["data"]?.array?.compactMap { $0["id"]?.string }.sorted()
        } catch {
            var failure = OpenAIHTTP.providerError(for: error, url: options.baseURL)
            if failure.code == .notFound || error is NIOTooManyBytesError { return nil }
            if let key = options.apiKey { failure.message = key.redacted(from: failure.message) }
            throw failure
        }
    }

    /// What `body` returns, unless it takes too long: then it is cancelled and `timeout` thrown.
    private static func within<Value: Sendable>(
        _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            guard let first = try await group.next(), let value = first else {
                throw ProviderError(code: .timeout, message: "the server did not answer within \(timeout)")
            }
            return value
        }
    }
}
