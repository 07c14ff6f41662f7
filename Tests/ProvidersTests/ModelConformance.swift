import Base
import Foundation
import TestSupport
import Testing
import Workflow

@testable import Providers

/// What every implementation of `LanguageModel` promises.
@Suite("Every model", .limit(minutes: 2))
struct ModelConformance {
    @Test("hands out its text piece by piece, and the pieces are the text", arguments: ModelSubject.all)
    func pieces(subject: ModelSubject) async throws {
        try await subject.run(.well) { model in
            let collector = TextCollector()
            let response = try await model.complete(.sample("Schreib über Bäckerei 🥐 und 日本語.")) { collector.append($0) }
            #expect(collector.pieces.count > 3)
            #expect(collector.text == response.text)
            #expect(!collector.pieces.contains(""))
        }
    }

    @Test("counts tokens and says why it stopped", arguments: ModelSubject.all)
    func usage(subject: ModelSubject) async throws {
        try await subject.run(.well) { model in
            let response = try await model.answer(.sample(model: "scripted"))
            #expect(response.usage.promptTokens > 0)
            #expect(response.usage.completionTokens > 0)
            #expect(response.usage.totalTokens == response.usage.promptTokens + response.usage.completionTokens)
            #expect(response.finishReason == .stop)
            #expect(response.model == "scripted")
        }
    }

    @Test("follows schemas", arguments: ModelSubject.all, [ResponseSchema.review, .verdict, .ballot, .sheet])
    func schemas(subject: ModelSubject, schema: ResponseSchema) async throws {
        let compiled = try JSONSchema(schema.schema)
        try await subject.run(.well) { model in
            for prompt in ["First draft", "Second draft", "Third draft"] {
                let collector = TextCollector()
                let response = try await model.complete(.sample(prompt, schema: schema)) { collector.append($0) }
                #expect(compiled.validate(try JSON(parsing: response.text)) == [])
                #expect(collector.text == response.text)
            }
        }
    }

    @Test("gives the same answer to the same request", arguments: ModelSubject.all)
    func repeats(subject: ModelSubject) async throws {
        try await subject.run(.well) { model in
            let first = try await model.answer()
            let second = try await model.answer()
            #expect(first == second)
        }
    }

    @Test("answers many calls at a time without mixing them", arguments: ModelSubject.all)
    func concurrent(subject: ModelSubject) async throws {
        try await subject.run(.well) { model in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        let collector = TextCollector()
                        let response = try await model.complete(.sample("Write about number\(number)x.")) { collector.append($0) }
                        #expect(response.text.contains("number\(number)x"))
                        #expect(collector.text == response.text)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("stops in the middle of its answer when the task is cancelled", arguments: ModelSubject.all)
    func cancelled(subject: ModelSubject) async throws {
        try await subject.run(.slow) { model in
            let collector = TextCollector()
            let call = Task {
                do throws(ProviderError) {
                    _ = try await model.complete(.sample(timeout: .seconds(3_600))) { collector.append($0) }
                    return nil as ProviderError?
                } catch {
                    return error
                }
            }
            await collector.untilFirstPiece()
            call.cancel()
            let error = await call.value
            #expect(error?.code == .cancelled)
            #expect(error?.isRetryable == false)
            #expect(collector.pieces.count == 1)
        }
    }

    @Test("does nothing in a task that is cancelled already", arguments: ModelSubject.all)
    func cancelledBefore(subject: ModelSubject) async throws {
        try await subject.run(.well) { model in
            let collector = TextCollector()
            let call = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                do throws(ProviderError) {
                    _ = try await model.complete(.sample()) { collector.append($0) }
                    return nil as ProviderError?
                } catch {
                    return error
                }
            }
            #expect(await call.value?.code == .cancelled)
            #expect(collector.pieces.isEmpty)
        }
    }

    @Test("gives up when the whole call takes too long", arguments: ModelSubject.all)
    func timeout(subject: ModelSubject) async throws {
        try await subject.run(.slow) { model in
            let error = await model.failure(.sample(timeout: .milliseconds(100)))
            #expect(error?.code == .timeout)
            #expect(error?.isRetryable == true)
        }
    }

    @Test("says when the provider fails, and that trying again is worth while", arguments: ModelSubject.all)
    func broken(subject: ModelSubject) async throws {
        try await subject.run(.broken) { model in
            let error = await model.failure()
            #expect(error?.code == .unavailable)
            #expect(error?.isRetryable == true)
            #expect(error?.message.isEmpty == false)
        }
    }
}
