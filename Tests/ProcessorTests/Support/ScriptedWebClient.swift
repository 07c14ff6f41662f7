import Synchronization
import Workflow

/// A server in this process that answers as the test says, and keeps what it was asked.
final class ScriptedWebClient: WebClient {
    private let asked = Mutex<[WebRequest]>([])
    private let answer: @Sendable (WebRequest) async throws(ProviderError) -> WebResponse

    init(_ answer: @escaping @Sendable (WebRequest) async throws(ProviderError) -> WebResponse) {
        self.answer = answer
    }

    var requests: [WebRequest] { asked.withLock { $0 } }

    func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        asked.withLock { $0.append(request) }
        return try await answer(request)
    }
}
