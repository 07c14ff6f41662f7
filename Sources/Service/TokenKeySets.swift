import Access
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A key set at a URL of an identity provider. Redirects are not followed: the keys decide who gets in.
struct KeySetURL: KeySetSource {
    let url: String
    let httpClient: HTTPClient

    func read(maxBytes: Int) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "accept", value: "application/json")
        let response = try await httpClient.execute(request, timeout: .seconds(5))
        guard response.status == .ok else { throw CredentialError.unverifiable }
        return Array(buffer: try await response.body.collect(upTo: maxBytes))
    }
}

extension AccessConfiguration {
    /// - Parameter secret: of tokens, where no key set verifies them.
    init(_ auth: PressroomConfiguration.Auth, secret: SharedSecret?, httpClient: HTTPClient) {
        self.init()
        acceptsKeys = auth.modes.contains(.keys)
        createsTenants = auth.jwt.createsTenants
        guard auth.modes.contains(.jwt) else { return }
        if let secret {
            tokens = TokenVerifier(keys: .secret(secret), rules: auth.jwt.rules)
        } else if let place = auth.jwt.keySet {
            let source: any KeySetSource =
                Self.isURL(place) ? KeySetURL(url: place, httpClient: httpClient) : KeySetFile(path: place)
            tokens = TokenVerifier(keys: .set(KeySet(source)), rules: auth.jwt.rules)
        }
    }

    static func isURL(_ place: String) -> Bool { place.hasPrefix("https://") || place.hasPrefix("http://") }
}
