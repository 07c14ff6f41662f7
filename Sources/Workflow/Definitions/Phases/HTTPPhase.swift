/// Sends one request to a server.
package struct HTTPPhase: Sendable, Hashable {
    package struct Header: Sendable, Hashable {
        package enum Value: Sendable, Hashable {
            case template(String)
            /// The name of a secret that is the whole value.
            case secret(String)
        }

        package var name: String
        package var value: Value
    }

    package enum Body: Sendable, Hashable {
        /// A Mustache template.
        case text(String)
        /// Its strings are Mustache templates.
        case json(JSON)
    }

    package var method: WebMethod
    /// A Mustache template whose values are percent-encoded.
    package var url: String
    package var headers: [Header]
    package var body: Body?
    /// The statuses that count as success; nil for 200 to 299.
    package var expect: [Int]?
    /// The most bytes of the answer's body.
    package var maxBytes: Int

    package static let defaultMaxBytes = 1 << 20
    package static let largestMaxBytes = 16 << 20

    /// The secrets that the request refers to.
    package var secretNames: Set<String> {
        var names = SecretReferences.names(in: url)
        for header in headers {
            switch header.value {
            case .template(let text): names.formUnion(SecretReferences.names(in: text))
            case .secret(let name): names.insert(name)
            }
        }
        switch body {
        case .text(let text): names.formUnion(SecretReferences.names(in: text))
        case .json(let json): names.formUnion(SecretReferences.names(in: json))
        case nil: break
        }
        return names
    }
}
