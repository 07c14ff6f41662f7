import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// The options of the listening socket. The kernel hands those of TCP on to what is accepted, so that they cost a
/// connection no system call.
struct SocketOptions {
    private var options: [(ChannelOptions.Types.SocketOption, Int)] = [
        (.init(level: .socket, name: .so_reuseaddr), 1), (.init(level: .tcp, name: .tcp_nodelay), 1),
        (.init(level: .socket, name: .so_keepalive), 1),
    ]

    /// A peer that is gone without a word is noticed: a heartbeat that is not acknowledged closes the connection after
    /// the time; one that is owed nothing is asked for a sign of life after half of it.
    init(_ configuration: APIConfiguration) {
        #if os(Linux)
            let timeout = configuration.tcpUserTimeout
            let seconds = Int(timeout.components.seconds)
            let milliseconds = Int(TimeAmount(timeout).nanoseconds / 1_000_000)
            options += [
                (.init(level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT)), milliseconds),
                (.init(level: .tcp, name: .init(rawValue: TCP_KEEPIDLE)), max(1, seconds / 2)),
                (.init(level: .tcp, name: .init(rawValue: TCP_KEEPINTVL)), max(1, seconds / 6)),
            ]
        #endif
    }

    func apply(to bootstrap: ServerBootstrap) -> ServerBootstrap {
        options.reduce(bootstrap) { $0.serverChannelOption($1.0, value: .init($1.1)) }
    }
}
