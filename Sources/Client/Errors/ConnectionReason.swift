import Foundation
import NIOCore
import NIOPosix

/// Why a connection could not be made, in the words of the operating system where they are known.
enum ConnectionReason {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            // One error for each address that was tried; they rarely differ.
            (error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError).map(text) ?? "\(error)"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
