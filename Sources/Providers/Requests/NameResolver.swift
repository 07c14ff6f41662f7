import Foundation
import NIOPosix
package import Workflow

/// Looks a host up, once: the addresses that it returns are checked and connected to, so that a second look-up cannot
/// return others.
package struct NameResolver: Sendable {
    private let lookUp: @Sendable (String) async throws(ProviderError) -> [IPAddress]

    package init(_ lookUp: @escaping @Sendable (String) async throws(ProviderError) -> [IPAddress]) {
        self.lookUp = lookUp
    }

    func addresses(of host: String) async throws(ProviderError) -> [IPAddress] {
        try await lookUp(host)
    }

    /// Separate threads, so that a name server that does not respond delays look-ups only.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        return threads
    }()

    /// The system's resolver, in its order of preference. It also reads `127.1`, `0x7f000001` and `2130706433`.
    package static func system() -> NameResolver {
        NameResolver { host throws(ProviderError) in
            // A look-up cannot be stopped; a cancelled task does not wait for it.
            let (answers, answer) = AsyncStream.makeStream(of: [IPAddress].self)
            threads.submit { _ in
                answer.yield(systemAddresses(of: host))
                answer.finish()
            }
            for await addresses in answers {
                if addresses.isEmpty {
                    throw ProviderError(code: .unavailable, message: "The name \(host) cannot be looked up.")
                }
                return addresses
            }
            throw ProviderError(code: .cancelled, message: "The look-up was cancelled.")
        }
    }

    private static func systemAddresses(of host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let list else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        for entry in sequence(first: list, next: { $0.pointee.ai_next }) {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let entry = entry.pointee
            guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            // Link-local addresses have their interface behind a percent sign.
            let number = String(decoding: text.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "%")) }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let address = IPAddress(number) { addresses.append(address) }
        }
        return addresses
    }
}
