package import Base
import Foundation

/// The tenants to which the operator has granted something.
package struct Grant: Sendable, Hashable {
    /// Nil: every tenant.
    package let tenants: Set<String>?

    package init(tenants: Set<String>?) {
        self.tenants = tenants
    }

    package static let everyone = Grant(tenants: nil)

    package func includes(_ tenantID: String) -> Bool {
        tenants?.contains(tenantID) ?? true
    }
}

/// What the configuration lets each tenant use. What a tenant was not granted is to it as if it did not exist: the same text
/// refuses both.
package struct Grants: Sendable {
    /// By name. Nil where this node does not know them all, and leaves them to those that run steps.
    package var providers: [String: Grant]?
    /// By name. Nil as above.
    package var secrets: [String: Grant]?
    /// Which addresses `http` phases may connect to. Nil as above.
    package var addresses: AddressRules?

    package init(
        providers: [String: Grant]? = nil, secrets: [String: Grant]? = nil, addresses: AddressRules? = nil
    ) {
        self.providers = providers
        self.secrets = secrets
        self.addresses = addresses
    }

    /// The names of the providers that a tenant may use, sorted; nil: not known here.
    package func providers(of tenantID: String) -> [String]? {
        providers.map { Self.names($0, tenantID) }
    }

    /// The names of the secrets that a tenant may use, sorted; nil: not known here.
    package func secrets(of tenantID: String) -> [String]? {
        secrets.map { Self.names($0, tenantID) }
    }

    private static func names(_ grants: [String: Grant], _ tenantID: String) -> [String] {
        grants.filter { $0.value.includes(tenantID) }.keys.sorted()
    }
}

extension Grants {
    /// Checks that a tenant may use a model, when it is to be asked: a grant may have been taken away since its workflow was
    /// published.
    ///
    /// - Throws: `unknown_model`, as for a provider that does not exist.
    package func check(_ model: ModelName, for tenantID: String) throws(ProviderError) {
        guard let known = providers(of: tenantID), !known.contains(model.provider) else { return }
        throw .unknownProvider(model.provider, known: known)
    }

    /// Whether a tenant may use a secret.
    package func permit(secret name: String, for tenantID: String) -> Bool {
        guard let grant = secrets?[name] else { return secrets == nil }
        return grant.includes(tenantID)
    }
}

extension ProviderError {
    /// - Parameter known: the names of those that may be used.
    package static func unknownProvider(_ name: String, known: [String]) -> ProviderError {
        ProviderError(
            code: .unknownModel,
            message: "no provider is named \(name)" + (known.isEmpty ? "" : "; configured are \(known.joined(separator: ", "))"))
    }
}

extension WorkflowDefinition {
    /// A problem for everything that the definition names and a tenant was not granted.
    package func problems(_ grants: Grants, for tenantID: String) -> [Problem] {
        var problems = grants.providers(of: tenantID).map { self.problems(withProviders: $0) } ?? []
        for (index, phase) in phases.enumerated() {
            guard case .http(let http) = phase.spec else { continue }
            if let known = grants.secrets(of: tenantID) {
                problems += http.problems(withSecrets: known, at: "/phases/\(index)")
            }
            if let rules = grants.addresses, let problem = http.problem(with: rules, for: tenantID) {
                problems.append(Problem(pointer: "/phases/\(index)/url", detail: problem))
            }
        }
        return problems
    }
}

extension HTTPPhase {
    /// A problem for each place that refers to another secret than these.
    fileprivate func problems(withSecrets known: [String], at pointer: String) -> [Problem] {
        secretReferences.filter { !known.contains($0.name) }.map { path, name in
            Problem(
                pointer: pointer + path,
                detail: "names the secret '\(name)', which this service does not have" + NearestName.hint(name, among: known))
        }
    }

    /// What is wrong with an address that the URL itself names. Names of hosts are looked up when the request is sent.
    fileprivate func problem(with rules: AddressRules, for tenantID: String) -> String? {
        guard let (host, port) = literalHost, let address = IPAddress(host) else { return nil }
        guard !rules.permit(address, host: host, port: port, for: tenantID) else { return nil }
        return "names the address \(host), which is not public; to permit it, see requests.allow in the configuration"
    }

    /// The host and port of the URL; nil where a template makes part of them.
    private var literalHost: (host: String, port: Int)? {
        guard let scheme = url.range(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        guard !authority.contains("{{"), let parts = URLComponents(string: "\(url[..<scheme.upperBound])\(authority)"),
            let host = parts.encodedHost?.trimmingCharacters(in: ["[", "]"])
        else { return nil }
        return (host, parts.port ?? (parts.scheme?.lowercased() == "https" ? 443 : 80))
    }
}
