import Base
package import API
package import Broadcast
import Foundation
package import Processor
package import Providers
package import Store
package import Workflow

// The settings, handed to the parts of the service that use them.

extension HubConfiguration {
    package init(_ streams: PressroomConfiguration.Streams) {
        self.init()
        heartbeat = streams.heartbeat
        maxUnsentBytes = streams.maxUnsentBytes
        maxAge = streams.maxAge
        drainTime = streams.drain
        maxStreams = streams.maxStreams
        maxTenantStreams = streams.maxTenantStreams
        maxUserStreams = streams.maxUserStreams
    }
}

extension PressroomConfiguration.Streams {
    var usedThreads: Int { threads > 0 ? threads : min(16, UsableProcessors.count) }
}

extension TailerConfiguration {
    package init(_ streams: PressroomConfiguration.Streams) {
        self.init()
        pollInterval = streams.tailPoll
    }
}

extension PressroomConfiguration {
    /// After how many milliseconds PostgreSQL ends a transaction in which a node does nothing. A node that is stopped in
    /// the middle of a transaction keeps rows and a tenant's head locked; PostgreSQL must release them before the node's
    /// lease ends.
    var idleTransactionTimeout: String {
        String(max(1, Int64(processor.leaseTimeout / .milliseconds(2))))
    }
}

extension ExpressionLimits {
    package init(_ processor: PressroomConfiguration.Processor) {
        self.init()
        timeout = processor.expressionTimeout
        maxBytes = processor.maxExpressionBytes
        rounds = processor.maxExpressionRounds
    }
}

extension ProcessorConfiguration {
    package init(_ processor: PressroomConfiguration.Processor, models: ScopedModelLimits) {
        self.init()
        concurrency = processor.concurrency
        commitBatch = processor.commitBatch
        heartbeat = processor.heartbeat
        leaseTimeout = processor.leaseTimeout
        poll = processor.poll
        drain = processor.drain
        maxSubtaskDepth = processor.maxSubtaskDepth
        tenantReserve = processor.tenantReserve
        limits = ClaimLimits(
            tenantSteps: processor.maxTenantSteps > 0 ? processor.maxTenantSteps : nil, models: models)
    }
}

extension PressroomConfiguration {
    /// Before the name of a secret in the environment.
    static let secretPrefix = "PRESSROOM_SECRET_"

    /// What each tenant may use of the providers, secrets and addresses of this node.
    package func grants(_ registry: ProviderRegistry, _ environment: [String: String]) -> Grants {
        let names = environment.filter { $0.key.hasPrefix(Self.secretPrefix) && !$0.value.isEmpty }
            .keys.map { String($0.dropFirst(Self.secretPrefix.count)) }
        return Grants(
            providers: registry.grants,
            secrets: Dictionary(names.map { ($0, secrets[$0] ?? .everyone) }, uniquingKeysWith: { first, _ in first }),
            addresses: AddressRules(exceptions: requests.allow))
    }

    /// The same for the definitions that a node takes which runs no steps: it leaves to those that do what its own
    /// configuration does not speak of. Once something is granted to some, it has to know all that there is, or the refusal
    /// would tell what others have.
    package func grantsWithoutSteps(_ grants: Grants) -> Grants {
        let named = grants.secrets.map { $0.merging(secrets) { $1 } }
        return Grants(
            providers: providers.values.contains { $0.grant != .everyone } ? grants.providers : nil,
            secrets: secrets.isEmpty ? nil : named,
            addresses: requests.allow.contains { $0.grant != .everyone } ? grants.addresses : nil)
    }
}

extension SchedulerConfiguration {
    package init(_ schedules: PressroomConfiguration.Schedules) {
        self.init()
        poll = schedules.poll
        grace = schedules.grace
    }
}

extension APIConfiguration {
    package init(_ http: PressroomConfiguration.HTTP) {
        self.init()
        host = http.host
        port = http.port
        allowedHosts = http.allowedHosts
        allowedOrigins = http.allowedOrigins
        frameAncestors = http.frameAncestors
        maxBodyBytes = http.maxBodyBytes
        requestTimeout = http.requestTimeout
        idleTimeout = http.idleTimeout
        tcpUserTimeout = http.tcpUserTimeout
        backlog = http.backlog
        requestsPerMinute = http.requestsPerMinute
        failedCredentialsPerMinute = http.failedCredentialsPerMinute
    }

    /// With the files that the settings name.
    ///
    /// - Throws: `ConfigurationError` for a file that is missing or unusable.
    init(_ configuration: PressroomConfiguration) throws {
        self.init(configuration.http)
        metrics.token = configuration.metrics.token
        maxStoryBytes = configuration.calls.maxStoryBytes
        certificate = try configuration.certificate()
        authentication = configuration.auth.isRequired ? .required : .none
        publicDirectory = try ResourceLocator.current.publicDirectory(configuration)
    }
}

extension PressroomConfiguration {
    /// The service's certificate; nil for no TLS.
    package func certificate() throws(ConfigurationError) -> ServerCertificate? {
        guard let certificate = http.tlsCertificate, let key = http.tlsKey else { return nil }
        do throws(ServerCertificate.Failure) {
            return try ServerCertificate(certificateFile: certificate, keyFile: key)
        } catch {
            let setting = error.file == .key ? "http.tls_key" : "http.tls_certificate"
            throw ConfigurationError([.init(key: setting, source: "", detail: error.detail)])
        }
    }
}

/// Processors that this process may use: fewer than the machine has when it is pinned (`taskset`, a container's cpuset).
enum UsableProcessors {
    /// Counted in the mask that the kernel shows (proc(5), `Cpus_allowed`).
    static var count: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
        else { return ProcessInfo.processInfo.activeProcessorCount }
        let mask = line.dropFirst("Cpus_allowed:".count)
        return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) })
    }
}
