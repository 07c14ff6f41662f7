import Base
import Foundation
import NIOCore
import Synchronization
import Workflow

/// What is kept of one model call while it runs: a row of `calls` when it ends.
///
/// An answer that could be read is kept put together, as one JSON object, instead of its hundreds of chunks; one that could
/// not, as it came.
final class CallRecording: Sendable {
    private struct State {
        var received: [UInt8] = []
        var receivedBytes = 0
        var firstTokenAt: Date?
        /// The answer put together.
        var answer: [UInt8]?
        var usage: CallUsage?
    }

    /// The most that is kept of an answer as it came, for each call that is under way.
    private static let maxRawBytes = 64 << 10

    private let log: CallLog
    private let request: ModelRequest
    private let sent: [UInt8]
    private let spanID: String
    private let apiKey: APIKey?
    private let sentAt = Date()
    private let state = Mutex(State())

    /// Nil where the request takes no calls.
    init?(of request: ModelRequest, sent: [UInt8], spanID: String, apiKey: APIKey?) {
        guard let log = request.calls else { return nil }
        self.log = log
        self.request = request
        self.sent = sent
        self.spanID = spanID
        self.apiKey = apiKey
    }

    var keepsText: Bool { log.capture == .full }

    func received(_ buffer: ByteBuffer) {
        let keepsText = keepsText
        state.withLock { state in
            state.receivedBytes += buffer.readableBytes
            guard keepsText, state.received.count < Self.maxRawBytes else { return }
            state.received.append(contentsOf: buffer.readableBytesView.prefix(Self.maxRawBytes - state.received.count))
        }
    }

    /// The model has begun to write.
    func noteBeginning() {
        state.withLock { state in
            if state.firstTokenAt == nil { state.firstTokenAt = Date() }
        }
    }

    /// The answer could be read.
    ///
    /// - Parameter document: the answer as it came, of a server that does not stream.
    func note(_ answer: PartialAnswer, _ response: ModelResponse, document: [UInt8]?) {
        let together = keepsText ? document ?? Self.together(answer, response).utf8 : []
        state.withLock { state in
            state.answer = together
            state.usage = CallUsage(
                response.usage, cachedTokens: answer.cachedTokens, reasoningTokens: answer.reasoningTokens)
        }
    }

    /// The call has ended.
    func end(_ result: Result<ModelResponse, ProviderError>) {
        let state = state.withLock { $0 }
        var record = MadeCall(kind: .chat, status: .completed, sentAt: sentAt)
        record.agent = request.agent
        record.provider = request.model.provider
        record.modelAsked = request.model.description
        record.traceID = TraceParent.normalized(request.context.traceID)
        record.spanID = spanID
        record.firstTokenAt = state.firstTokenAt
        switch result {
        case .success(let response):
            record.modelAnswered = response.model
            record.finishReason = response.finishReason
            record.usage = state.usage ?? CallUsage(response.usage)
        case .failure(let error):
            record.usage = CallUsage(.zero)
            record.end(error)
        }
        let answer = record.status == .completed ? state.answer : nil
        record.bodies = log.bodies(
            request: sent, response: answer ?? state.received, responseBytes: state.receivedBytes,
            isResponsePart: answer == nil && state.receivedBytes > state.received.count, redacting: redacted)
        log.add(record)
    }

    private func redacted(_ text: String) -> String {
        guard let apiKey, text.utf8.holds(apiKey.secret.utf8) else { return text }
        return apiKey.redacted(from: text)
    }

    private static func together(_ answer: PartialAnswer, _ response: ModelResponse) -> JSON {
        var members: JSONObject = ["model": .string(response.model), "content": .string(answer.whole)]
        if !answer.reasoning.isEmpty { members["reasoning"] = .string(answer.reasoning) }
        members["finish_reason"] = response.finishReason.map { .string($0.rawValue) } ?? .null
        members["usage"] = response.usage.json
        return .object(members)
    }
}

extension String.UTF8View {
    /// Whether the bytes are a part of the text. Most texts hold no secret, and a replacement costs more than a look.
    fileprivate func holds(_ bytes: String.UTF8View) -> Bool {
        let sought = Array(bytes)
        guard let first = sought.first else { return false }
        return withContiguousStorageIfAvailable { text in
            var start = text.startIndex
            while let found = text[start...].firstIndex(of: first) {
                if text[found...].starts(with: sought) { return true }
                start = found + 1
            }
            return false
        } ?? true
    }
}
