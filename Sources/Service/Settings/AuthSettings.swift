package import Access

extension PressroomConfiguration {
    /// Who may use the service (docs/security.md).
    package struct Auth: Sendable, Equatable {
        package enum Mode: String, Sendable, CaseIterable {
            case none, keys, jwt
        }

        /// Empty: none.
        package var modes: [Mode]
        package var jwt: JWT

        package struct JWT: Sendable, Equatable {
            /// The name of the variable that holds the secret.
            package var secretVariable: String?
            /// A URL or the path of a file.
            package var keySet: String?
            package var rules: TokenRules
            package var createsTenants: Bool
        }

        /// Whether a request needs a credential.
        package var isRequired: Bool { modes.contains { $0 != .none } }

        init(_ settings: inout SettingReader) {
            modes = settings.list(
                "auth.modes", rule: "keys, jwt or none",
                """
                which credentials are asked for: `keys` (API keys), `jwt` (tokens), both with a comma, or `none`, which is \
                the default and serves this machine only
                """
            ) { Mode(rawValue: $0) }
            let secretVariable = settings.optionalText(
                "auth.jwt.secret_env",
                "the environment variable with the secret of HS256, HS384 and HS512 tokens, of at least 32 bytes")
            let keySet = settings.optionalText(
                "auth.jwt.jwks", "the key set of RS, PS, ES and EdDSA tokens: a URL, or a file; instead of a secret")
            var rules = TokenRules()
            rules.issuer = settings.optionalText("auth.jwt.issuer", otherwise: "any", "the `iss` that tokens must have")
            rules.audience = settings.optionalText("auth.jwt.audience", otherwise: "any", "an `aud` that tokens must have")
            let leeway = settings.duration(
                "auth.jwt.leeway", default: .seconds(30), in: .zero ... .seconds(600), "by how much clocks may differ")
            rules.leeway = leeway / .seconds(1)
            let createsTenants = settings.flag(
                "auth.jwt.create_tenants", default: false, "whether the first token of a tenant makes it")
            rules.claims.tenant = settings.text("auth.jwt.claims.tenant", default: "tenant", "the claim that names the tenant")
            rules.claims.user = settings.text("auth.jwt.claims.user", default: "sub", "the claim that names the user")
            rules.claims.groups = settings.text(
                "auth.jwt.claims.groups", default: "groups", "the claim with the user's groups; dots lead into objects")
            rules.claims.scopes = settings.text(
                "auth.jwt.claims.scopes", default: "scope",
                "the claim with the scopes, as texts or as one with spaces: `read write admin stream act`")
            jwt = JWT(secretVariable: secretVariable, keySet: keySet, rules: rules, createsTenants: createsTenants)
        }

        /// Rules for several settings at a time.
        func checkTogether(_ reader: inout SettingReader) {
            if modes.contains(.none), modes.count > 1 {
                reader.report("auth.modes", "must be 'none' alone, or without it")
            }
            guard modes.contains(.jwt) else { return }
            switch (jwt.secretVariable, jwt.keySet) {
            case (nil, nil): reader.report("auth.jwt.secret_env", "is not set, and neither is auth.jwt.jwks; tokens need one of them")
            case (_?, _?): reader.report("auth.jwt.jwks", "is set beside auth.jwt.secret_env; give one of them")
            default: break
            }
        }

        /// The secret of tokens; nil where a key set verifies them, or nothing.
        ///
        /// - Throws: `ConfigurationError` for one that is missing or too short.
        package func secret(in environment: [String: String]) throws(ConfigurationError) -> SharedSecret? {
            guard modes.contains(.jwt), let variable = jwt.secretVariable else { return nil }
            guard let text = environment[variable], !text.isEmpty else {
                throw ConfigurationError([
                    .init(key: "auth.jwt.secret_env", source: "", detail: "names \(variable), which is not set")
                ])
            }
            guard let secret = SharedSecret(text) else {
                throw ConfigurationError([
                    .init(
                        key: "auth.jwt.secret_env", source: "",
                        detail: "names \(variable), whose secret must have at least \(SharedSecret.minBytes) bytes")
                ])
            }
            return secret
        }
    }
}
