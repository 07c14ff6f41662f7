import TestSupport
import Testing
import Workflow

@testable import Providers

/// What every provider that is a server makes of errors.
@Suite("Servers' errors", .limit(minutes: 2))
struct ServerErrorTests {
    @Test("takes any body of an error", arguments: Dialect.all, ["", "<html>Bad gateway</html>", "{", "[]", "{\"detail\":\"no\"}", "{\"error\":\"no\"}"])
    func bodies(dialect: Dialect, body: String) async throws {
        try await withModel(dialect, .status(502, body: body)) { model, _ in
            #expect(await model.failure()?.code == .unavailable)
        }
    }

    @Test("passes on how long to wait", arguments: Dialect.all, [429, 503, 529])
    func retryAfter(dialect: Dialect, status: Int) async throws {
        try await withModel(dialect, .error(status, headers: ["retry-after": "17"])) { model, _ in
            #expect(await model.failure()?.retryAfter == .seconds(17))
        }
    }

    @Test("does not follow redirects", arguments: Dialect.all)
    func redirect(dialect: Dialect) async throws {
        try await withModel(dialect, .status(301, headers: ["location": "http://127.0.0.1:9/elsewhere"])) { model, server in
            let error = await model.failure()
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("/elsewhere") == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test("never shows the key, even when the server repeats it", arguments: Dialect.all, [401, 500])
    func keyStaysHidden(dialect: Dialect, status: Int) async throws {
        let key = try #require(APIKey(" sk-very-secret\n"))
        let script = ScriptedModelServer.Script.error(status, message: "Incorrect API key provided: sk-very-secret.")
        try await withModel(dialect, script, key: key) { model, server in
            let error = try #require(await model.failure())
            #expect(!"\(error) \(error.message) \(String(reflecting: error))".contains("secret"))
            #expect(error.message.contains("Incorrect API key"))
            #expect(server.requests.first?.headers[dialect.keyHeader.name] == dialect.keyHeader.value + "-very-secret")
        }
        var configuration = ProviderConfiguration.openai(baseURL: "http://127.0.0.1", apiKey: key)
        configuration.limits.concurrency = 1
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration) \(String(reflecting: configuration)) \(dumped)".contains("secret"))
    }

    @Test("refuses a key that would break the header, without showing it", arguments: Dialect.all)
    func unfitKey(dialect: Dialect) async throws {
        try await withModel(dialect, key: APIKey("sk-sec\nret")) { model, server in
            let error = try #require(await model.failure())
            #expect(error.code == .unauthorized)
            #expect(!error.message.contains("sec"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("says when nothing listens there", arguments: Dialect.all)
    func refusedConnection(dialect: Dialect) async throws {
        let baseURL = try await ScriptedModelServer.withServer { $0.baseURL }
        try await withHTTPClient { client in
            let model = dialect.model(baseURL, nil, Dialect.Limits(), client)
            let error = try #require(await model.failure())
            #expect(error.code == .unavailable)
            #expect(error.message.contains(baseURL))
        }
    }
}
