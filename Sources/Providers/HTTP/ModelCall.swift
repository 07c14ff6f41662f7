import AsyncHTTPClient
import Base
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Workflow

/// A model behind a server. Every answer is streamed, also when the caller ignores the pieces.
struct ServerModel: LanguageModel {
    let server: ModelServer
    let httpClient: HTTPClient
    let logger: Logger
    private let refusals = MemberRefusals()

    init(server: ModelServer, httpClient: HTTPClient, logger: Logger) {
        self.server = server
        self.httpClient = httpClient
        self.logger = logger
    }

    var recordsCalls: Bool { true }

    /// A server that refuses a member which the service adds by itself, and names it, is asked once more without it.
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard !Task.isCancelled else { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
        let watch = CallWatch(timeout: request.timeout)
        var body = server.dialect.body(of: request)
        for member in server.omitted.union(refusals.known(of: request.model.model)) { member.remove(from: &body) }
        while true {
            let bytes = JSON.object(body).utf8
            let spanID = TraceParent.newSpanID()
            let http = try server.call(request, bytes, spanID: spanID)
            let call = ModelCall(
                server: server, httpClient: httpClient, logger: logger, request: request, watch: watch,
                recording: CallRecording(of: request, sent: bytes, spanID: spanID, apiKey: server.apiKey))
            let failure: ProviderError
            do throws(ProviderError) {
                return try await call.run(http, onText: onText)
            } catch let error {
                failure = error
            }
            let refused = OptionalMember.allCases.filter { member in
                member.isOwn && body[member.rawValue] != nil && failure.refusedMembers.contains(member.rawValue)
            }
            guard !refused.isEmpty else { throw failure }
            for member in refused { member.remove(from: &body) }
            let isNew = refusals.learn(refused.filter(\.isAlwaysRefused), of: request.model.model)
            logger.log(
                level: isNew ? .notice : .debug, "a server refuses a member of requests, and is asked without it; see omit in the configuration",
                metadata: ["model": "\(request.model)", "members": "\(refused.map(\.rawValue))", "detail": "\(failure.message)"])
        }
    }
}

/// The members that a server refuses, by model, as far as calls have shown.
private final class MemberRefusals: Sendable {
    private static let maxModels = 1_000
    private let members = Mutex<[String: Set<OptionalMember>]>([:])

    func known(of model: String) -> Set<OptionalMember> { members.withLock { $0[model] ?? [] } }

    /// Whether anything is new in it.
    func learn(_ refused: [OptionalMember], of model: String) -> Bool {
        members.withLock { members in
            guard !refused.isEmpty, members[model] != nil || members.count < Self.maxModels else { return false }
            let before = members[model, default: []]
            members[model] = before.union(refused)
            return before != members[model]
        }
    }
}

/// One call of a model over HTTP: one request and its answer, within two time limits.
///
/// One call is one attempt: the processor decides whether and when to repeat it.
private struct ModelCall: Sendable {
    let server: ModelServer
    let httpClient: HTTPClient
    let logger: Logger
    let request: ModelRequest
    let watch: CallWatch
    /// Nil where calls are not kept.
    let recording: CallRecording?

    private enum Outcome: Sendable {
        case ended(Result<ModelResponse, ProviderError>)
        case expired(CallWatch.Expiry?)
    }

    /// Sends the request and reads its answer.
    func run(
        _ http: HTTPClientRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let (result, expiry) = await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                do throws(ProviderError) {
                    return .ended(.success(try await exchange(http, onText: onText)))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask { .expired(await watch.expiry()) }
            var result: Result<ModelResponse, ProviderError>?
            var expiry: CallWatch.Expiry?
            for await outcome in group {
                switch outcome {
                case .ended(let ended): result = ended
                // A clock that runs out after the end of the call does not count.
                case .expired(let expired): expiry = result == nil ? expired : nil
                }
                group.cancelAll()
            }
            return (result, expiry)
        }
        do throws(ProviderError) {
            let response = try verdict(result, expiry: expiry)
            recording?.end(.success(response))
            return response
        } catch {
            recording?.end(.failure(error))
            logger.debug(
                "model call failed",
                metadata: ["model": "\(request.model)", "code": "\(error.code)", "detail": "\(error.message)"])
            throw error
        }
    }

    /// The result of the call, whose end and the end of a clock may coincide.
    private func verdict(
        _ result: Result<ModelResponse, ProviderError>?, expiry: CallWatch.Expiry?
    ) throws(ProviderError) -> ModelResponse {
        switch (result, expiry) {
        // A complete answer was paid for: it counts even when the clock ran out in the same moment.
        case (.success(let response)?, _):
            return response
        case (.failure(let error)?, _) where error.code != .cancelled:
            throw server.redacted(error).shown(under: request.calls?.capture ?? .full)
        case (_, .timedOut?) where !Task.isCancelled:
            let state = watch.hasBegun ? " and was still writing; raise the phase's timeout" : ""
            throw ProviderError(
                code: .timeout, message: "\(request.model) took longer than \(DurationText.text(of: request.timeout))\(state)")
        case (_, .stalled(let silence)?) where !Task.isCancelled:
            let time = DurationText.text(of: silence)
            throw ProviderError(
                code: .stalled,
                message: watch.hasBegun
                    ? "\(request.model) sent nothing for \(time) in the middle of its answer, the provider's stall_timeout"
                    : "\(request.model) sent nothing for \(time), the provider's first_token_timeout")
        default:
            throw ProviderError(code: .cancelled, message: "the call was cancelled")
        }
    }

    private func exchange(
        _ http: HTTPClientRequest, onText: @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        watch.startWaiting(atMost: server.firstTokenTimeout, hasBegun: false)
        do {
            let response = try await httpClient.execute(http, deadline: .now() + .hours(24), logger: nil)
            guard (200...299).contains(response.status.code) else {
                throw try await ServerFailure.error(of: response) { recording?.received($0) }
            }
            var reader = AnswerReader(server: server, watch: watch, request: request, recording: recording)
            return try await reader.read(response, model: request.model.model, onText: onText)
        } catch let error as ProviderError {
            throw error
        } catch {
            // A cancelled exchange can throw any error. `verdict` knows whether a clock or the caller cancelled it.
            if Task.isCancelled { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
            throw ServerFailure.error(for: error, url: server.baseURL)
        }
    }
}

/// The two clocks of one model call: how long it may take in all, and how long the server may be silent.
///
/// The second runs only while the call waits for bytes, so a slow consumer of the text never counts as a stall.
final class CallWatch: Sendable {
    enum Expiry: Sendable {
        /// After this silence.
        case stalled(Duration)
        case timedOut
    }

    private struct State {
        var silenceEnd: ContinuousClock.Instant?
        var silence = Duration.zero
        var hasBegun = false
    }

    private let clock = ContinuousClock()
    private let end: ContinuousClock.Instant
    private let state = Mutex(State())
    private let idleCheck = Duration.milliseconds(500)

    init(timeout: Duration) {
        end = clock.now.advanced(by: timeout)
    }

    /// Whether the model had begun to answer when the call last began to wait.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Starts to wait for bytes, for at most `silence`.
    func startWaiting(atMost silence: Duration, hasBegun: Bool) {
        state.withLock { $0 = State(silenceEnd: clock.now.advanced(by: silence), silence: silence, hasBegun: hasBegun) }
    }

    /// Bytes have arrived: until the next wait the server is not silent.
    func stopWaiting() {
        state.withLock { $0.silenceEnd = nil }
    }

    /// Returns when a clock has run out, or nil when the task is cancelled first.
    func expiry() async -> Expiry? {
        while true {
            let now = clock.now
            guard now < end else { return .timedOut }
            let (silenceEnd, silence) = state.withLock { ($0.silenceEnd, $0.silence) }
            if let silenceEnd, now >= silenceEnd { return .stalled(silence) }
            let wake = min(end, silenceEnd ?? now.advanced(by: idleCheck))
            do {
                // A deadline may move closer meanwhile, so the task never sleeps past the next check.
                try await Task.sleep(until: min(wake, now.advanced(by: idleCheck)), clock: clock)
            } catch {
                return nil
            }
        }
    }
}
