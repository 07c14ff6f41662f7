import NIOCore
import NIOHTTP1
import NIOSSL
import Workflow

/// What goes wrong with an exchange, as a `ProviderError` that shows neither headers nor the URL.
enum WebFailure {
    static func error(of error: any Error, host: String) -> ProviderError {
        switch error {
        case let error as ProviderError: error
        case is CancellationError: ProviderError(code: .cancelled, message: "The request was cancelled.")
        case let error as NoConnection:
            ProviderError(code: .unavailable, message: "\(host) takes no connection: \(reason(error.cause)).")
        case HTTPParserError.invalidEOFState:
            ProviderError(code: .unavailable, message: "\(host) closed the connection before its answer was complete.")
        case is HTTPParserError: ProviderError(code: .invalidResponse, message: "\(host) does not speak HTTP.")
        case let error as NIOSSLError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        case let error as NIOSSLExtraError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        case let error as BoringSSLError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        default: ProviderError(code: .unavailable, message: "\(host) cannot be asked: \(reason(error)).")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "\(error.description)"
        case is ChannelError: "the connection could not be made in time, or broke"
        default: "\(type(of: error))"
        }
    }
}
