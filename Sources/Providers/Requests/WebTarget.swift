import Foundation
import Workflow

/// The target of a request: the parts of an absolute `http` or `https` URL.
struct WebTarget: Sendable, Equatable {
    let isSecure: Bool
    /// A name in lower case, or an address without brackets.
    let host: String
    let port: Int
    /// Path and query, for the request line.
    let path: String
    /// The `Host` header.
    let authority: String

    /// - Throws: `invalid_request`; its message does not repeat the URL, which may hold a secret.
    init(_ url: String) throws(ProviderError) {
        func refuse(_ reason: String) -> ProviderError { ProviderError(code: .invalidRequest, message: "The URL \(reason).") }
        guard !url.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }), let parts = URLComponents(string: url) else {
            throw refuse("cannot be read")
        }
        switch parts.scheme?.lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: throw refuse("does not begin with http:// or https://")
        }
        guard parts.user == nil, parts.password == nil else { throw refuse("has a user or a password; use a header") }
        let bare = (parts.encodedHost ?? "").lowercased()
        let inner = bare.hasPrefix("[") && bare.hasSuffix("]") ? String(bare.dropFirst().dropLast()) : bare
        guard !inner.isEmpty, inner.utf8.count <= 253, inner.utf8.allSatisfy(Self.isHostByte) else {
            throw refuse("has no host that can be looked up")
        }
        host = inner
        if let port = parts.port, !(1...65_535).contains(port) { throw refuse("has a port that does not exist") }
        port = parts.port ?? (isSecure ? 443 : 80)
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.path = parts.percentEncodedQuery.map { "\(path)?\($0)" } ?? path
        let shown = inner.contains(":") ? "[\(inner)]" : inner
        authority = parts.port.map { "\(shown):\($0)" } ?? shown
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
