import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Workflow

/// Whether a provider can be used, as far as can be told without asking a model.
package struct ProviderCheck: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        /// The server answered and accepts the key.
        case reachable
        /// The server answered, but does not list its models; calls may work all the same.
        case reachableWithoutModels
        /// Nothing can be asked of it; the error says why.
        case unusable(ProviderError)
    }

    package let provider: String
    /// Nil when no provider has that name.
    package let kind: ProviderConfiguration.Kind?
    package let status: Status
    /// The models that the server lists, sorted; empty for `rehearsal`, which takes any name.
    package let models: [String]

    package var isUsable: Bool {
        if case .unusable = status { false } else { true }
    }

    /// What was found, and how to mend it, in one sentence.
    package var summary: String {
        switch status {
        case .reachable where kind == .rehearsal: "is built in"
        case .reachable: models.count == 1 ? "offers 1 model" : "offers \(models.count) models"
        case .reachableWithoutModels: "answers, but does not list its models"
        case .unusable(let error):
            switch error.code {
            case .unauthorized: "\(error.message); set api_key_env to a variable that holds a valid key"
            case .unavailable, .timeout: "\(error.message); is the server running, and base_url right?"
            default: error.message
            }
        }
    }
}

extension ProviderRegistry {
    private static let maximumListBytes = 4 << 20

    /// Asks a provider for its models (`GET {base_url}/models`), which costs nothing.
    package func check(_ name: String, timeout: Duration = .seconds(10)) async -> ProviderCheck {
        var kind: ProviderConfiguration.Kind?
        do throws(ProviderError) {
            let provider = try provider(name)
            kind = provider.configuration.kind
            _ = try provider.model.get()
            guard let server = provider.server else {
                return ProviderCheck(provider: name, kind: kind, status: .reachable, models: [])
            }
            guard let models = try await models(of: server, timeout: timeout) else {
                return ProviderCheck(provider: name, kind: kind, status: .reachableWithoutModels, models: [])
            }
            return ProviderCheck(provider: name, kind: kind, status: .reachable, models: models)
        } catch {
            return ProviderCheck(provider: name, kind: kind, status: .unusable(error), models: [])
        }
    }

    /// The ids of the server's models, or nil when it has no such list.
    private func models(of server: any ModelServer, timeout: Duration) async throws(ProviderError) -> [String]? {
        var request = HTTPClientRequest(url: server.url(server.modelsPath))
        request.headers = try server.headers(accept: "application/json")
        do {
            let client = httpClient
            let finished = request
            let answer = try await Self.within(timeout) {
                let response = try await client.execute(finished, deadline: .now() + .hours(1))
                guard response.status == .ok else { throw try await ServerFailure.error(of: response) }
                return try await response.body.collect(upTo: Self.maximumListBytes)
            }
            let list = try? JSON(parsing: answer.readableBytesView)
            return list?["data"]?.array?.compactMap { $0["id"]?.string }.sorted()
        } catch {
            let failure = ServerFailure.error(for: error, url: server.baseURL)
            if failure.code == .notFound || error is NIOTooManyBytesError { return nil }
            throw server.redacted(failure)
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
