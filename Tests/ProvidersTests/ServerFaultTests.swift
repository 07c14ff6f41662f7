import Base
import NIOCore
import TestSupport
import Testing
import Workflow

@testable import Providers

/// What every provider that is a server makes of servers that misbehave.
@Suite("Servers that misbehave", .limit(minutes: 3))
struct ServerFaultTests {
    @Test("gives up a stream that stalls, and drops the connection", arguments: Dialect.all)
    func stall(dialect: Dialect) async throws {
        let closed = ScriptedModelServer.Signal()
        try await withModel(dialect, .stall(after: [dialect.one], closed: closed), configure: { $0.stallTimeout = .milliseconds(50) }) { model, _ in
            let error = await model.failure(.sample(timeout: .seconds(3_600)))
            #expect(error?.code == .stalled)
            #expect(error?.isRetryable == true)
            await closed.wait()
        }
    }

    @Test("waits longer for the first piece than for the next", arguments: Dialect.all)
    func firstPiece(dialect: Dialect) async throws {
        let script = ScriptedModelServer.Script.stall(after: [])
        try await withModel(
            dialect, script, configure: { $0.stallTimeout = .seconds(3_600); $0.firstTokenTimeout = .milliseconds(50) }
        ) { model, _ in
            #expect(await model.failure(.sample(timeout: .seconds(3_600)))?.code == .stalled)
        }
        let slowStart = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            try await Task.sleep(for: .milliseconds(150))  // what the server does: it is slow, and no test waits for it
            try await reply.send("data: \(dialect.text("One"))\n\ndata: \(dialect.stop)\n\ndata: \(dialect.done)\n\n")
            try await reply.finish()
        }
        try await withModel(dialect, slowStart, configure: { $0.stallTimeout = .milliseconds(20) }) { model, _ in
            let response = try await model.answer()
            #expect(response.text == "One")
        }
    }

    @Test("does not take a slow reader of its text for a stall", arguments: Dialect.all)
    func slowReader(dialect: Dialect) async throws {
        let events = [dialect.one, dialect.text("two"), dialect.stop, dialect.done]
        // All at once, so that whatever passes for a stall is the reader's.
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            try await reply.send(events.map { "data: \($0)\n\n" }.joined())
            try await reply.finish()
        }
        try await withModel(dialect, script, configure: { $0.stallTimeout = .milliseconds(30) }) { model, _ in
            // The reader is slow on purpose, by more than the stall would be.
            let response = try await model.complete(.sample()) { _ in try? await Task.sleep(for: .milliseconds(120)) }
            #expect(response.text == "One two")
        }
    }

    @Test("drops a request that gets no answer at all, when its time is over", arguments: Dialect.all)
    func hang(dialect: Dialect) async throws {
        let closed = ScriptedModelServer.Signal()
        try await withModel(dialect, .hang(closed: closed)) { model, server in
            #expect(await model.failure(.sample(timeout: .milliseconds(300)))?.code == .timeout)
            // On a busy machine the time may be over before the request is sent.
            if !server.requests.isEmpty { await closed.wait() }
        }
    }

    @Test("drops the connection when the task is cancelled, before and after the first piece", arguments: Dialect.all, [true, false])
    func cancel(dialect: Dialect, hasBegun: Bool) async throws {
        let closed = ScriptedModelServer.Signal()
        let asked = ScriptedModelServer.Signal()
        let script = ScriptedModelServer.Script { _, reply in
            if hasBegun {
                try await reply.start()
                try await reply.send("data: \(dialect.one)\n\n")
            } else {
                asked.fire()
            }
            try await reply.untilClosed()
            closed.fire()
        }
        try await withModel(dialect, script) { model, _ in
            let call = Task {
                do throws(ProviderError) {
                    _ = try await model.complete(.sample(timeout: .seconds(3_600))) { _ in asked.fire() }
                    return nil as ProviderError?
                } catch {
                    return error
                }
            }
            await asked.wait()
            call.cancel()
            await closed.wait()
            #expect(await call.value?.code == .cancelled)
        }
    }

    @Test("takes a stream that breaks for no answer", arguments: Dialect.all, [true, false])
    func cut(dialect: Dialect, hasBegun: Bool) async throws {
        try await withModel(dialect, .cut(after: hasBegun ? [dialect.one] : [])) { model, _ in
            let error = try #require(await model.failure())
            #expect([.unavailable, .invalidResponse].contains(error.code))
            #expect(error.isRetryable)
        }
    }

    @Test("takes a stream that ends without saying so for cut off", arguments: Dialect.all)
    func endsEarly(dialect: Dialect) async throws {
        try await withModel(dialect, .events([dialect.one])) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .invalidResponse)
            #expect(error.message.contains("cut off"))
        }
    }

    @Test("takes an answer that was whole when the connection broke", arguments: Dialect.all, [true, false])
    func breaksAfterTheEnd(dialect: Dialect, saysWhy: Bool) async throws {
        let events = [dialect.one, saysWhy ? dialect.stop : dialect.done]
        let received = ScriptedModelServer.Signal()
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            // In one piece, so that whoever has the text has the end too.
            try await reply.send(events.map { "data: \($0)\n\n" }.joined())
            await received.wait()
            try await reply.cut()
        }
        try await withModel(dialect, script) { model, _ in
            let response = try await model.complete(.sample(), onText: { _ in received.fire() })
            #expect(response.text == "One ")
        }
    }

    @Test("waits no longer than a moment for the end of a stream that is done", arguments: Dialect.all)
    func staysOpen(dialect: Dialect) async throws {
        try await withModel(dialect, .stall(after: [dialect.one, dialect.done]), configure: { $0.stallTimeout = .seconds(3_600) }) { model, _ in
            let response = try await model.answer(.sample(timeout: .seconds(3_600)))
            #expect(response.text == "One ")
        }
    }

    @Test("reads no more than it may", arguments: Dialect.all, [true, false])
    func oversized(dialect: Dialect, isStream: Bool) async throws {
        let closed = ScriptedModelServer.Signal()
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start(headers: ["content-type": isStream ? "text/event-stream" : "application/json"])
            let chunk = Array("data: \(dialect.text(String(repeating: "x", count: 4_000)))\n\n".utf8)
            // Endless: only the client can end it.
            while (try? await reply.send(chunk)) != nil {}
            closed.fire()
        }
        try await withModel(dialect, script, configure: { $0.maxResponseBytes = 100_000 }) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .invalidResponse)
            #expect(error.message.contains("100000"))
            await closed.wait()
        }
    }

    @Test("survives bytes that are not HTTP", arguments: Dialect.all, ["SSH-2.0-scripted\r\n\r\n", "HTTP/1.1 banana\r\n\r\n", "\u{0}\u{1}\u{2}"])
    func nonsense(dialect: Dialect, text: String) async throws {
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.raw(text)
            try await reply.cut()
        }
        try await withModel(dialect, script) { model, _ in
            let error = try #require(await model.failure())
            #expect([.unavailable, .invalidResponse].contains(error.code))
        }
    }

    @Test("tells a web page from a provider", arguments: Dialect.all)
    func webPage(dialect: Dialect) async throws {
        let script = ScriptedModelServer.Script.status(200, headers: ["content-type": "text/html"], body: "<html></html>")
        try await withModel(dialect, script) { model, _ in
            let error = await model.failure()
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("base_url") == true)
        }
    }
}
