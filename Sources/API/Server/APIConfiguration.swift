package import Workflow

/// The settings of the HTTP server, with their defaults. Sizes are in bytes.
package struct APIConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0: any free port.
    package var port = 8080
    /// Nil: HTTP/1.1 without TLS. Else HTTP/2 and HTTP/1.1, both with TLS.
    package var certificate: ServerCertificate?
    /// Longer bodies get 413.
    package var maxBodyBytes = 1 << 20
    /// Longer header sections get 431.
    package var maxHeaderBytes = 32 << 10
    package var maxHeaderCount = 200
    /// Within which a connection must send its next request's header section. Streams are not bound by it.
    package var idleTimeout: Duration = .seconds(60)
    /// Within which a request must have sent its body, counted from the end of its header section; then 408.
    package var requestTimeout: Duration = .seconds(30)
    /// How long `/health/ready` waits for the database.
    package var readinessTimeout: Duration = .seconds(2)
    /// For how long sent bytes may stay unacknowledged before the connection counts as dead; Linux only.
    package var tcpUserTimeout: Duration = .seconds(60)
    /// Connections that wait to be accepted; the kernel has a bound of its own.
    package var backlog = 4096
    /// The folder of the board; nil: no files are served.
    package var publicDirectory: String?
    /// The kinds of phases that the embedding program brings.
    package var ownKinds = OwnKinds.none
    package var authentication: Authentication = .none

    package init() {}
}
