import Foundation
import HTTPTypes
import Hummingbird

// A service without authentication is guarded by its address alone. A browser on the same machine reaches that address
// too, on behalf of any page that it shows, so the page must be checked.

/// Refuses, on a service that only its machine can reach and that asks for no credentials, requests for a name that is not
/// the machine's own: a page whose name was made to point to this machine (DNS rebinding) sends its own name.
struct HostMiddleware: RouterMiddleware {
    /// Nil where every host is served.
    private let names: Set<Authority>?

    init(_ configuration: APIConfiguration) {
        switch configuration.authentication {
        case .none: names = Loopback.isLoopback(configuration.host) ? Set(configuration.allowedHosts) : nil
        case .required: names = nil
        }
    }

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        // Over HTTP/2 a request may have both; over HTTP/1 the connection has checked it.
        let host = request.headers[.hostField]
        guard let text = request.head.authority ?? host else { return try await next(request, context) }
        guard let authority = Authority(text), host == nil || host == text else {
            throw ProblemError(.malformed, "The request does not say clearly which host it is for.")
        }
        guard isServed(authority) else {
            throw ProblemError(
                .misdirected,
                "This service does not go by the name \(authority.host); http.allowed_hosts lists its names besides localhost.")
        }
        return try await next(request, context)
    }

    private func isServed(_ authority: Authority) -> Bool {
        guard let names else { return true }
        return Loopback.isLoopback(authority.host) || authority.host.hasSuffix(".localhost")
            || names.contains(authority) || names.contains(Authority(host: authority.host, port: nil))
    }
}

/// Refuses requests that change something and that a browser sends for a page of another origin. A form or script of any
/// page can send those that have no body, with what the browser is allowed to do.
struct OriginMiddleware: RouterMiddleware {
    let allowed: OriginRules

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        guard ![.get, .head, .options].contains(request.method), isForeign(request) else {
            return try await next(request, context)
        }
        throw ProblemError(
            .forbidden, "A page of another origin may not change anything here; http.allowed_origins lists those that may.")
    }

    private func isForeign(_ request: Request) -> Bool {
        guard let text = request.headers[.origin] else { return request.headers[.secFetchSite]?.lowercased() == "cross-site" }
        guard let origin = WebOrigin(text) else { return true }
        if allowed.match(origin) != nil { return false }
        // Where a proxy ends TLS, the scheme of the request is not the browser's.
        if request.head.scheme == "https", origin.scheme != "https" { return true }
        guard let authority = request.head.authority.flatMap(Authority.init) else { return true }
        return !authority.isSame(as: origin.authority, scheme: origin.scheme)
    }
}

/// A host with or without a port, as `Host` has it (RFC 9110, 7.2).
package struct Authority: Sendable, Hashable {
    /// In lower case, without the dot of the root and without the brackets of an IPv6 address; may be empty.
    package let host: String
    package let port: Int?

    init(host: String, port: Int?) {
        self.host = host
        self.port = port
    }

    /// Nil for a text that is no host with or without a port.
    package init?(_ text: String) {
        var rest = text[...]
        let name: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end]
            var address = in6_addr()
            guard inet_pton(AF_INET6, String(name), &address) == 1 else { return nil }
            rest = rest[rest.index(after: end)...]
        } else {
            name = rest.prefix { $0 != ":" }
            guard name.utf8.allSatisfy(Self.isOfName) else { return nil }
            rest = rest[name.endIndex...]
        }
        if rest.isEmpty || rest == ":" {
            port = nil
        } else {
            let digits = rest.dropFirst()
            guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits) else {
                return nil
            }
            port = Int(number)
        }
        let lower = name.lowercased()
        host = lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// Whether both mean the same, given the scheme, whose port may be left out.
    func isSame(as other: Authority, scheme: String) -> Bool {
        host == other.host && port(scheme) == other.port(scheme)
    }

    private func port(_ scheme: String) -> Int? {
        port ?? (scheme == "https" ? 443 : scheme == "http" ? 80 : nil)
    }

    /// The characters of a registered name (RFC 3986, 3.2.2).
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%!$&'()*+,;=".utf8.contains(byte)
        }
    }
}

/// The origin of a page, such as `https://app.example` (RFC 6454).
package struct WebOrigin: Sendable, Hashable {
    package let scheme: String
    /// With the scheme's port left out.
    package let authority: Authority

    /// Nil for a text that is no origin, such as `null`.
    package init?(_ text: String) {
        guard let end = text.firstRange(of: "://"), let authority = Authority(String(text[end.upperBound...])) else { return nil }
        scheme = text[..<end.lowerBound].lowercased()
        guard !authority.host.isEmpty, ["http", "https"].contains(scheme) else { return nil }
        let isStandard = authority.port == (scheme == "https" ? 443 : 80)
        self.authority = isStandard ? Authority(host: authority.host, port: nil) : authority
    }

    /// As a header has it.
    var text: String {
        let host = authority.host.contains(":") ? "[\(authority.host)]" : authority.host
        return "\(scheme)://\(host)" + (authority.port.map { ":\($0)" } ?? "")
    }
}

/// Addresses that only this machine can reach.
package enum Loopback {
    /// `localhost`, 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104; any other name or address is not.
    package static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            return withUnsafeBytes(of: v4) { $0.first == 127 }
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, bare, &v6) == 1 else { return false }
        return withUnsafeBytes(of: v6) { bytes in
            let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
            let one = bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
            return one || (zeros && bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127)
        }
    }
}
