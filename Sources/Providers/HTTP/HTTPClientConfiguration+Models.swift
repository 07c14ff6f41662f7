package import AsyncHTTPClient
import NIOCore

extension HTTPClient.Configuration {
    /// How the client for model calls is set up.
    package static var forModels: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // An API that redirects a POST is at another address than configured; the key does not follow it there.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        // One call is one attempt: the processor repeats it, and says so in the step's row.
        configuration.connectionPool.retryConnectionEstablishment = false
        // The processor bounds how many calls run; a call that waits for a connection here would run into its timeout.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        configuration.connectionPool.idleTimeout = .seconds(30)
        return configuration
    }
}
