import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Workflow

/// How what goes wrong with a request becomes a `ProviderError`.
extension ServerFailure {
    /// More of an error's body is not read.
    private static let maximumErrorBytes = 64 << 10

    /// The error that an answer other than 200 stands for.
    static func error(of response: HTTPClientResponse) async throws -> ProviderError {
        var body: [UInt8] = []
        for try await buffer in response.body {
            body.append(contentsOf: buffer.readableBytesView)
            if body.count > maximumErrorBytes { break }
        }
        try Task.checkCancellation()
        let status = Int(response.status.code)
        if (300..<400).contains(status), let target = response.headers.first(name: "location") {
            return ProviderError(code: .notFound, message: "the server redirects to \(target); is base_url right?")
        }
        return ServerFailure(body: body)
            .providerError(status: status, retryAfter: RetryAfter.duration(in: response.headers))
    }

    /// The error that a failed exchange stands for, whatever the HTTP client threw.
    static func error(for error: any Error, url: String) -> ProviderError {
        switch error {
        case let error as ProviderError:
            return error
        case is CancellationError:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError where error == .cancelled:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError:
            // Its descriptions may show header values, its short ones do not.
            return ProviderError(
                code: isAboutURL(error) ? .invalidRequest : .unavailable,
                message: "\(address(url)): \(error.shortDescription)")
        case is HTTPParserError:
            return ProviderError(code: .invalidResponse, message: "\(address(url)) does not speak HTTP: \(error)")
        default:
            return ProviderError(code: .unavailable, message: "cannot reach \(address(url)): \(error)")
        }
    }

    private static func isAboutURL(_ error: HTTPClientError) -> Bool {
        switch error {
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath: true
        default: error.shortDescription.contains("scheme")
        }
    }

    /// The URL without user, password and query, which may be secret.
    private static func address(_ url: String) -> String {
        let withoutQuery = url.prefix { $0 != "?" }
        guard let at = withoutQuery.firstIndex(of: "@"), let slashes = withoutQuery.firstRange(of: "//") else {
            return String(withoutQuery)
        }
        return String(withoutQuery[..<slashes.upperBound] + withoutQuery[withoutQuery.index(after: at)...])
    }
}
