import Foundation

/// The cookie of a page's session.
enum SessionCookie {
    private static let name = "pressroom_session"

    /// Its value in the `Cookie` headers of a request; nil without one.
    static func value(in headers: [String]) -> String? {
        for header in headers {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].allSatisfy({ $0 == " " || Self.name.contains($0) }),
                    parts[0].trimmingCharacters(in: .whitespaces) == name
                {
                    return parts[1].trimmingCharacters(in: .whitespaces)
                }
            }
        }
        return nil
    }

    /// Scripts cannot read it, and no request of another site carries it.
    static func header(_ value: String, expiresAt: Date, isSecure: Bool, at now: Date = .now) -> String {
        let age = max(0, Int64(expiresAt.timeIntervalSince(now)))
        return "\(name)=\(value); Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    static func removal(isSecure: Bool) -> String {
        "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }
}
