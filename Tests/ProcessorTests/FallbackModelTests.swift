import Base
import Logging
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Models that are down", .limit(minutes: 2))
struct FallbackModelTests {
    /// A model that says some words, and then fails or ends.
    private struct Speaker: LanguageModel {
        let name: ModelName
        var words: [String] = []
        var error: ProviderError?
        /// How long it takes.
        var pause: Duration?
        var onRequest: @Sendable (ModelRequest) -> Void = { _ in }

        func complete(
            _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
        ) async throws(ProviderError) -> ModelResponse {
            #expect(request.model == name)
            onRequest(request)
            if let pause { try? await Task.sleep(for: pause) }
            for word in words { await onText(word) }
            if let error { throw error }
            return ModelResponse(
                text: words.joined(), usage: Usage(promptTokens: 3, completionTokens: words.count, cost: 0.5), model: "own name")
        }
    }

    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private func name(_ text: String) throws -> ModelName { try #require(ModelName(text)) }

    private func make(_ speakers: [Speaker], _ log: Log) -> FallbackModel {
        FallbackModel(
            speakers.map(\.name),
            models: { (name: ModelName) throws(ProviderError) in
                log.add("ask \(name)")
                guard let speaker = speakers.first(where: { $0.name == name }) else {
                    throw ProviderError(code: .unknownModel, message: "unknown")
                }
                return speaker
            },
            onRestart: { log.add("restart") }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func request(timeout: Duration = .seconds(1)) throws -> ModelRequest {
        ModelRequest(
            model: try name("a/x"), messages: [], seed: 1, timeout: timeout,
            context: ExecutionContext(tenantID: "t", userID: "u", taskID: UUIDv7.next(), traceID: "0"), phase: "p", agent: "w")
    }

    private func failure(_ model: FallbackModel, timeout: Duration = .seconds(1)) async throws -> ProviderError? {
        let request = try request(timeout: timeout)
        do throws(ProviderError) {
            _ = try await model.complete(request) { _ in }
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "asks the next when a model is down",
        arguments: [ProviderError.Code.unavailable, .rateLimited, .timeout, .stalled, .invalidResponse, .quotaExceeded])
    func down(code: ProviderError.Code) async throws {
        let log = Log()
        let model = make(
            [
                Speaker(name: try name("a/x"), error: ProviderError(code: code, message: "no")),
                Speaker(name: try name("b/y"), words: ["One ", "two"]),
            ], log)
        let response = try await model.complete(try request()) { log.add("text \($0)") }
        #expect(response.text == "One two")
        #expect(response.usage.models == ["b/y"])
        #expect(response.usage.cost == 0.5)
        #expect(model.spent == response.usage)
        #expect(log.all == ["ask a/x", "ask b/y", "text One ", "text two"])
    }

    @Test("gives the next model the time that those before it have left")
    func time() async throws {
        let log = Log()
        let asked = Mutex<[Duration]>([])
        let down = ProviderError(code: .timeout, message: "no")
        func speakers() throws -> [Speaker] {
            [
                Speaker(name: try name("a/x"), error: down, pause: .milliseconds(30)) { request in asked.withLock { $0.append(request.timeout) } },
                Speaker(name: try name("b/y"), error: down, pause: .milliseconds(30)) { request in asked.withLock { $0.append(request.timeout) } },
                Speaker(name: try name("c/z"), words: ["Late"]) { request in asked.withLock { $0.append(request.timeout) } },
            ]
        }
        _ = try await make(try speakers(), log).complete(try request(timeout: .seconds(60))) { _ in }
        let times = asked.withLock { $0 }
        #expect(times.count == 3 && times[0] == .seconds(60))
        #expect(times[1] <= .seconds(60) - .milliseconds(30) && times[2] <= times[1] - .milliseconds(30) && times[2] > .zero)

        // The first has used it all: no other is asked, and its error counts.
        asked.withLock { $0 = [] }
        #expect(try await failure(make(try speakers(), log), timeout: .milliseconds(30)) == down)
        #expect(asked.withLock { $0 } == [.milliseconds(30)])
    }

    @Test("says that a text begins anew")
    func restart() async throws {
        let log = Log()
        let down = ProviderError(code: .stalled, message: "no")
        let model = make(
            [
                Speaker(name: try name("a/x"), words: ["Once "], error: down), Speaker(name: try name("b/y"), words: ["Twice "], error: down),
                Speaker(name: try name("c/z"), words: ["Thrice"]),
            ], log)
        _ = try await model.complete(try request()) { log.add("text \($0)") }
        #expect(
            log.all == ["ask a/x", "text Once ", "restart", "ask b/y", "text Twice ", "restart", "ask c/z", "text Thrice"])
    }

    @Test(
        "does not ask another what is wrong in itself",
        arguments: [
            ProviderError.Code.invalidRequest, .contextLengthExceeded, .refused, .unauthorized, .notFound, .cancelled, .unknownModel,
        ])
    func notDown(code: ProviderError.Code) async throws {
        let log = Log()
        let error = ProviderError(code: code, message: "no", retryAfter: .seconds(3))
        let model = make([Speaker(name: try name("a/x"), error: error), Speaker(name: try name("b/y"), words: ["One"])], log)
        #expect(try await failure(model) == error)
        #expect(log.all == ["ask a/x"])
        #expect(model.spent == .zero)
    }

    @Test("is worth another try when any of them is")
    func allDown() async throws {
        let log = Log()
        let limited = ProviderError(code: .rateLimited, message: "slowly", retryAfter: .seconds(60))
        let wrong = ProviderError(code: .notFound, message: "no such model")
        let model = make([Speaker(name: try name("a/x"), error: limited), Speaker(name: try name("b/y"), error: wrong)], log)
        let error = try #require(try await failure(model))
        #expect(error.code == .rateLimited && error.isRetryable)
        #expect(error.message == "a/x: slowly; b/y: no such model")
        #expect(error.retryAfter == nil)
        let both = make(
            [
                Speaker(name: try name("a/x"), error: limited),
                Speaker(name: try name("b/y"), error: ProviderError(code: .unavailable, message: "", retryAfter: .seconds(5))),
            ], log)
        #expect(try await failure(both)?.retryAfter == .seconds(5))
    }
}
