import Access
import Broadcast
import HTTPTypes
import Hummingbird
import NIOCore
import Workflow

/// How a node identifies the sender of a request.
package enum Authentication: Sendable {
    /// No credentials: every request is sent by user `local` of tenant `default`.
    case none
    /// API keys, tokens, session cookies and tickets.
    case required
}

/// Puts the identity of the sender into the context of every request below `/api/`.
struct AccessMiddleware: RouterMiddleware {
    private let authentication: Authentication
    private let authenticator: Authenticator
    private let requests: RateLimiter<Sender>?
    /// Of tenants with a limit of their own.
    private let tenantRequests = RateLimiter<String>(perMinute: 1)
    private let failures: RateLimiter<String>?

    /// Whose requests are counted together.
    private struct Sender: Hashable, Sendable {
        let tenantID: String
        let userID: String
        let keyID: String?
    }

    init(_ configuration: APIConfiguration, _ authenticator: Authenticator) {
        authentication = configuration.authentication
        self.authenticator = authenticator
        requests = Self.limiter(configuration.requestsPerMinute)
        failures = Self.limiter(configuration.failedCredentialsPerMinute)
    }

    private static func limiter<Key>(_ perMinute: Int) -> RateLimiter<Key>? {
        perMinute > 0 ? RateLimiter(perMinute: perMinute) : nil
    }

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path.hasPrefix("/api/") else { return try await next(request, context) }
        var context = context
        context.identity = .local
        guard authentication == .required else { return try await next(request, context) }
        // Signing in and out takes no credential beforehand; to ask who is signed in does.
        if request.uri.path == SessionRoutes.path, ![.get, .head].contains(request.method) {
            context.identity = .nobody
            return try await next(request, context)
        }
        let (credential, request) = RequestCredential.taken(from: request)
        do {
            context.identity = Identity(try await authenticator.principal(credential))
        } catch let error as CredentialError {
            if case .ticket = credential, let end = error.end, request.isOfEventSource {
                return StreamRoutes.ended(end, request, context)
            }
            throw refusal(error, context)
        }
        try count(context.identity.principal)
        return try await next(request, context)
    }

    /// Counts a request of a sender.
    ///
    /// - Throws: 429 for one too many.
    func count(_ principal: Principal) throws(ProblemError) {
        if let requests, let wait = requests.use(Self.sender(principal)) {
            throw .tooMany("You have sent too many requests.", wait)
        }
        if let limit = principal.tenantLimits.requestsPerMinute,
            let wait = tenantRequests.use(principal.tenantID, perMinute: limit)
        {
            throw .tooMany("The tenant has sent too many requests.", wait)
        }
    }

    private static func sender(_ principal: Principal) -> Sender {
        Sender(tenantID: principal.tenantID, userID: principal.userID, keyID: principal.keyID)
    }

    /// Counts the failure. A good credential is never refused for the bad ones that others send from its address.
    func refusal(_ error: CredentialError, _ context: PressroomRequestContext) -> ProblemError {
        let address = context.channel.remoteAddress?.ipAddress ?? ""
        if case .invalid = error, let failures, let wait = failures.use(address) {
            return .tooMany("Too many credentials from this address were not valid.", wait)
        }
        return ProblemError(error)
    }
}

/// The credential of a request. A request has one place for it: where it has several, the header counts, then the ticket, then the cookie.
enum RequestCredential {
    case missing
    case malformed
    case bearer(String)
    case session(String)
    case ticket(String)

    /// Takes the credential out of a request. The routes do not see a ticket, also where it does not count: they refuse
    /// parameters that they do not know.
    static func taken(from request: Request) -> (RequestCredential, Request) {
        let taken = ticket(of: request)
        if let header = request.headers[.authorization] {
            let request = taken?.rest ?? request
            let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return (.malformed, request) }
            return (.bearer(parts[1].trimmingPrefix { $0 == " " }.description), request)
        }
        if let taken { return (.ticket(taken.ticket), taken.rest) }
        if let session = SessionCookie.value(in: request.headers[values: .cookie]) { return (.session(session), request) }
        return (.missing, request)
    }

    private static func ticket(of request: Request) -> (ticket: String, rest: Request)? {
        guard let query = request.uri.query else { return nil }
        var parameters = query.split(separator: "&", omittingEmptySubsequences: false)
        guard let index = parameters.firstIndex(where: { $0.hasPrefix("ticket=") }) else { return nil }
        let ticket = String(parameters.remove(at: index).dropFirst("ticket=".count))
        var head = request.head
        let rest = parameters.joined(separator: "&")
        head.path = request.uri.path + (rest.isEmpty ? "" : "?" + rest)
        return (ticket, Request(head: head, body: request.body))
    }
}

extension Authenticator {
    func principal(_ credential: RequestCredential) async throws -> Principal {
        switch credential {
        case .missing: throw CredentialError.missing
        case .malformed: throw CredentialError.invalid("the header is not 'Authorization: Bearer …'")
        case .bearer(let text): try await principal(bearer: text)
        case .session(let text): try await principal(session: text)
        case .ticket(let text): try await principal(ticket: text)
        }
    }
}

extension CredentialError {
    /// How a credential that was valid once has ended; nil for one that never was.
    fileprivate var end: CredentialEnd? {
        switch self {
        case .expired: .expired
        case .revoked: .revoked
        case .missing, .invalid, .unverifiable: nil
        }
    }
}

extension ProblemError {
    /// 401 with what the client has to send (RFC 6750, section 3).
    init(_ error: CredentialError) {
        if error == .unverifiable {
            self = .unavailable(error.detail)
            return
        }
        let challenge = error == .missing ? "" : ", error=\"invalid_token\", error_description=\"\(error.detail.quoted)\""
        self.init(.unauthorized, error.detail, headers: [.wwwAuthenticate: "Bearer realm=\"pressroom\"" + challenge])
    }

    static func tooMany(_ detail: String, _ wait: Duration) -> ProblemError {
        let seconds = max(1, Int64((wait / .seconds(1)).rounded(.up)))
        return ProblemError(.tooManyRequests, detail, headers: [.retryAfter: "\(seconds)"])
    }
}

extension String {
    /// As a quoted string of a header may hold it.
    fileprivate var quoted: String {
        String(unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F }.map(Character.init))
    }
}
