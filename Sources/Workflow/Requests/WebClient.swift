/// Sends the requests of `http` phases.
package protocol WebClient: Sendable {
    /// Sends one request, once, and reads the whole response, whatever its status. Redirects are not followed.
    ///
    /// Cancelling the Swift task drops the request at once and throws a `ProviderError` with the code `cancelled`.
    func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse
}

package struct WebRequest: Sendable, Hashable {
    /// Whose it is; nil for one of no tenant, which may go where every tenant's may.
    package var tenantID: String?
    package var method: WebMethod
    /// `http` or `https`, absolute.
    package var url: String
    package var headers: [WebHeader]
    package var body: [UInt8]?
    /// How long the whole exchange may take.
    package var timeout: Duration
    /// The limit of the response's body, in bytes.
    package var maxBytes: Int

    package init(
        of tenantID: String? = nil, method: WebMethod, url: String, headers: [WebHeader] = [], body: [UInt8]? = nil,
        timeout: Duration, maxBytes: Int
    ) {
        self.tenantID = tenantID
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxBytes = maxBytes
    }
}

package struct WebResponse: Sendable, Hashable {
    package var status: Int
    /// In the order in which they came.
    package var headers: [WebHeader]
    package var body: [UInt8]
    /// How long the server asks to wait, by `Retry-After`.
    package var retryAfter: Duration?

    package init(status: Int, headers: [WebHeader] = [], body: [UInt8] = [], retryAfter: Duration? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.retryAfter = retryAfter
    }

    /// The first value of a header; `name` in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}

package struct WebHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

package enum WebMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET", head = "HEAD", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"

    /// Whether the method only reads (RFC 9110, section 9.2.1).
    package var isSafe: Bool { self == .get || self == .head }
}
