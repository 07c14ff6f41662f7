import AsyncHTTPClient
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

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard !Task.isCancelled else { throw ProviderError(code: .cancelled, message: "the call was cancelled") }
        let http = try server.call(request)
        let call = ModelCall(server: server, httpClient: httpClient, logger: logger, request: request)
        return try await call.run(http, onText: onText)
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

    private enum Outcome: Sendable {
        case ended(Result<ModelResponse, ProviderError>)
        case expired(CallWatch.Expiry?)
    }

    /// Sends the request and reads its answer.
    func run(
        _ http: HTTPClientRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        let watch = CallWatch(timeout: request.timeout)
        let (result, expiry) = await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                do throws(ProviderError) {
                    return .ended(.success(try await exchange(http, watch: watch, onText: onText)))
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
            return try verdict(result, expiry: expiry)
        } catch {
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
            throw server.redacted(error)
        case (_, .timedOut?) where !Task.isCancelled:
            throw ProviderError(code: .timeout, message: "\(request.model) took longer than \(request.timeout)")
        case (_, .stalled?) where !Task.isCancelled:
            throw ProviderError(code: .stalled, message: "\(request.model) sent nothing for too long")
        default:
            throw ProviderError(code: .cancelled, message: "the call was cancelled")
        }
    }

    private func exchange(
        _ http: HTTPClientRequest, watch: CallWatch, onText: @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        watch.startWaiting(atMost: server.firstTokenTimeout)
        do {
            let response = try await httpClient.execute(http, deadline: .now() + .hours(24), logger: nil)
            guard response.status == .ok else { throw try await ServerFailure.error(of: response) }
            var reader = AnswerReader(server: server, watch: watch)
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
    enum Expiry: Sendable { case stalled, timedOut }

    private let clock = ContinuousClock()
    private let end: ContinuousClock.Instant
    private let silenceEnd = Mutex<ContinuousClock.Instant?>(nil)
    private let idleCheck = Duration.milliseconds(500)

    init(timeout: Duration) {
        end = clock.now.advanced(by: timeout)
    }

    /// Starts to wait for bytes, for at most `silence`.
    func startWaiting(atMost silence: Duration) {
        let deadline = clock.now.advanced(by: silence)
        silenceEnd.withLock { $0 = deadline }
    }

    /// Bytes have arrived: until the next wait the server is not silent.
    func stopWaiting() {
        silenceEnd.withLock { $0 = nil }
    }

    /// Returns when a clock has run out, or nil when the task is cancelled first.
    func expiry() async -> Expiry? {
        while true {
            let now = clock.now
            guard now < end else { return .timedOut }
            let silenceEnd = silenceEnd.withLock { $0 }
            if let silenceEnd, now >= silenceEnd { return .stalled }
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
