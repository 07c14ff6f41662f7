public import AsyncHTTPClient
import NIOCore

/// A client of one Pressroom service: REST calls here, streams by `follow` and `events`.
///
/// Every call throws `PressroomError`, and `CancellationError` when its Swift task is cancelled.
public struct PressroomClient: Sendable {
    /// Where the service is, without `/api/v1`; `http://127.0.0.1:8080`.
    public let baseURL: String
    let token: String?
    let httpClient: HTTPClient

    /// - Parameters:
    ///   - baseURL: begins with `http://` or `https://`; a slash at its end is ignored.
    ///   - token: an API key or JWT, sent as `Authorization: Bearer …`.
    ///   - httpClient: the caller's, who shuts it down; its `timeout.read` bounds the silence of a stream, so more than
    ///     the service's heartbeat of 15 seconds. `defaultHTTPConfiguration` fits.
    public init(baseURL: String, token: String? = nil, httpClient: HTTPClient) {
        self.baseURL = String(baseURL.reversed().drop { $0 == "/" }.reversed())
        self.token = token
        self.httpClient = httpClient
    }

    /// 5 seconds to connect, in one attempt, and 45 seconds of silence.
    public static var defaultHTTPConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(45)
        configuration.httpVersion = .http1Only
        // Nobody there is told at once; whoever wants to try again does so by a policy.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// Runs `body` with a client that lives as long.
    public static func withClient<Value: Sendable>(
        baseURL: String, token: String? = nil, _ body: (PressroomClient) async throws -> Value
    ) async throws -> Value {
        let httpClient = HTTPClient(configuration: defaultHTTPConfiguration)
        let client = PressroomClient(baseURL: baseURL, token: token, httpClient: httpClient)
        do {
            let value = try await body(client)
            try await httpClient.shutdown()
            return value
        } catch {
            try? await httpClient.shutdown()
            throw error
        }
    }

    var authorization: [(name: String, value: String)] {
        token.map { [(name: "authorization", value: "Bearer \($0)")] } ?? []
    }
}
