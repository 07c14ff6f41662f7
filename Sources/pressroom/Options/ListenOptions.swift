import ArgumentParser
import Service

/// Where a service listens.
struct ListenOptions: ParsableArguments {
    @Option(name: [.customLong("http-host"), .customLong("host")], help: "The address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(name: [.customLong("http-port"), .customLong("port")], help: "The port to listen on, 0 for any (default: 8080).")
    var port: String?

    @Option(name: .customLong("tls-certificate"), help: "The certificate for TLS and HTTP/2, in PEM, with those up to its root.")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "The certificate's key, in PEM.")
    var key: String?

    @Flag(help: "Listen where others can reach it although there is no authentication.")
    var allowAnonymous = false

    var flags: [ConfigurationSources.Flag] {
        var flags: [ConfigurationSources.Flag] = []
        if let host { flags.append(.init(name: "--http-host", key: "http.host", value: host)) }
        if let port { flags.append(.init(name: "--http-port", key: "http.port", value: port)) }
        if let certificate {
            flags.append(.init(name: "--tls-certificate", key: "http.tls_certificate", value: certificate))
        }
        if let key { flags.append(.init(name: "--tls-key", key: "http.tls_key", value: key)) }
        if allowAnonymous { flags.append(.init(name: "--allow-anonymous", key: "allow_anonymous", value: "true")) }
        return flags
    }
}
