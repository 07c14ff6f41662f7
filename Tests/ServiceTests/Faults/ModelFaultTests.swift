import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// Model servers that hang, cut, answer nonsense and have no time, at random, while two nodes work.
@Suite struct ModelFaultTests {
    typealias Script = ScriptedModelServer.Script

    private static let retry = ", retry: {max_attempts: 12, initial: 10ms, max: 100ms}"

    /// How a model misbehaves. All of it may be over with the next attempt.
    private static func fault(_ generator: inout SeededGenerator) -> Script {
        let words = [ScriptedModelServer.chunk("Once "), ScriptedModelServer.chunk("upon ")]
        switch generator.next(below: 9) {
        case 0: return .hang()
        case 1: return .cut(after: [])
        case 2: return .cut(after: words)
        case 3: return .stall(after: words)
        case 4: return .nonsense()
        case 5: return .error(429, headers: ["retry-after": generator.next(below: 3) == 0 ? "1" : "0"])
        case 6: return .error(500 + Int(generator.next(below: 4)))
        case 7: return .answering { _ in "" }
        default: return .events(["not json", "[DONE]"])
        }
    }

    @Test func modelsMisbehave() async throws {
        let seeded = Seed.generator("modelsMisbehave")
        try await ScriptedModelServer.withServer { server in
            let yaml = """
                processor: {lease_timeout: 3s, heartbeat: 300ms}
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)", stall_timeout: 400ms, first_token_timeout: 400ms}
                """
            let definitions = [
                Definitions.judged("scripted", attributes: Self.retry),
                Definitions.draft("scripted", attributes: Self.retry),
                Definitions.draft("scripted", name: "hasty", attributes: ", retry: {max_attempts: 2, initial: 10ms}"),
            ]
            try await withNodes([yaml, yaml], limit: FaultTime.limit) { nodes in
                try await disturbed(nodes, definitions, endings: ["completed", "failed"], generator: seeded) { generator in
                    let start = ContinuousClock.now
                    while FaultTime.goesOn(since: start) {
                        for _ in 0..<10 {
                            server.enqueue(generator.next(below: 2) == 0 ? Self.fault(&generator) : .decent)
                        }
                        try await generator.pause(100..<800)
                    }
                }
                // Who tried long enough has come through; nothing was made up.
                let failed = try await nodes[0].sql("SELECT DISTINCT workflow_name FROM pressroom.tasks WHERE status = 'failed'")
                #expect(try failed.map { try $0.decode(0, as: String.self) }.allSatisfy { $0 == "hasty" })
                let texts = try await nodes[0].sql("SELECT DISTINCT left(content, 19) FROM pressroom.output_versions WHERE agent ->> 'model' LIKE 'scripted/%'")
                #expect(try texts.map { try $0.decode(0, as: String.self) } == ["A scripted answer t"])
                #expect(nodes.flatMap(\.errorLines).isEmpty)
            }
        }
    }
}
