import AsyncHTTPClient
import Foundation
import Logging
import NIOPosix
import Synchronization
import Workflow

@testable import Providers

extension ModelRequest {
    /// A request as a write phase makes it.
    static func sample(
        _ prompt: String = "Write a post on slow bread for home bakers.", system: String? = nil, agent: String = "warm",
        task: UUID = UUID(uuid: (1, 2, 3, 4, 5, 6, 0x70, 8, 0x90, 10, 11, 12, 13, 14, 15, 16)),
        model: String = "scripted", schema: ResponseSchema? = nil, timeout: Duration = .seconds(30)
    ) -> ModelRequest {
        let messages = (system.map { [ModelMessage(role: .system, content: $0)] } ?? [])
        return ModelRequest(
            model: ModelName(provider: "local", model: model),
            messages: messages + [ModelMessage(role: .user, content: prompt)], schema: schema, seed: 7, timeout: timeout,
            context: ExecutionContext(
                tenantID: "default", userID: "local", taskID: task, traceID: "0af7651916cd43dd8448eb211c80319c"),
            phase: "write", agent: agent)
    }
}

extension ResponseSchema {
    /// What the editorial phases ask for.
    static let review = EditDecisionSchema.response
    static let ballot = BallotSchema.response(count: 5)
    static let sheet = ScoreSheetSchema.response(
        count: 3, criteria: [Criterion(id: "clarity", weight: 2), Criterion(id: "hook")], scale: Scale(min: 0, max: 5))
    static let verdict = VerdictSchema.response(
        criteria: [Criterion(id: "clarity", weight: 2), Criterion(id: "hook")], scale: Scale())
}

/// Gathers the pieces of an answer, and tells when the first has come.
final class TextCollector: Sendable {
    private let collected = Mutex<[String]>([])
    private let first = AsyncStream<Never>.makeStream()

    var pieces: [String] { collected.withLock { $0 } }
    var text: String { pieces.joined() }

    func append(_ piece: String) {
        collected.withLock { $0.append(piece) }
        first.continuation.finish()
    }

    func untilFirstPiece() async {
        for await _ in first.stream {}
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func withHTTPClient<Value: Sendable>(_ body: (HTTPClient) async throws -> Value) async throws -> Value {
    let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: .forModels)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    try await client.shutdown()
    return try result.get()
}

extension LanguageModel {
    /// The answer of a call whose pieces nobody looks at.
    func answer(_ request: ModelRequest = .sample()) async throws -> ModelResponse {
        try await complete(request) { _ in }
    }

    /// The error of a call that must fail.
    func failure(_ request: ModelRequest = .sample()) async -> ProviderError? {
        do {
            _ = try await complete(request) { _ in }
            return nil
        } catch {
            return error
        }
    }
}
