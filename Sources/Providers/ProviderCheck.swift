import Base
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Workflow

/// Whether a provider can be used, as far as a check without a call of a model shows.
package struct ProviderCheck: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        /// The server accepts the key.
        case reachable
        /// The server responds, but does not list its models; calls may work all the same.
        case reachableWithoutModels
        /// The provider cannot be called, for this reason.
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

    /// The result, and what to do about a failure, in one sentence.
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
    private static let maxListBytes = 4 << 20

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
            let found = try await within(timeout, "the server did not answer within \(timeout)") { () throws(ProviderError) in
                try await models(of: server)
            }
            guard let models = found else {
                return ProviderCheck(provider: name, kind: kind, status: .reachableWithoutModels, models: [])
            }
            return ProviderCheck(provider: name, kind: kind, status: .reachable, models: models)
        } catch {
            return ProviderCheck(provider: name, kind: kind, status: .unusable(error), models: [])
        }
    }

    /// The ids of the server's models, or nil when it has no such list.
    private func models(of server: ModelServer) async throws(ProviderError) -> [String]? {
        var request = HTTPClientRequest(url: server.url(server.dialect.modelsPath))
        request.headers = try server.headers(accept: "application/json")
        do {
            let response = try await httpClient.execute(request, deadline: .now() + .hours(1))
            guard response.status == .ok else { throw try await ServerFailure.error(of: response) }
            let body = try await response.body.collect(upTo: Self.maxListBytes)
            let list = try? JSON(parsing: body.readableBytesView)
            return list?["data"]?.array?.compactMap { $0["id"]?.string }.sorted()
        } catch {
            let failure = ServerFailure.error(for: error, url: server.baseURL)
            if failure.code == .notFound || error is NIOTooManyBytesError { return nil }
            throw server.redacted(failure)
        }
    }
}
