import Base
import API
import Broadcast
import Foundation
import Logging
import Processor
import Providers
import Service
import Store
import TestSupport
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    /// Reads a configuration with `yaml` as the working directory's `pressroom.yaml`.
    private func read(
        yaml: String? = nil, environment: [String: String] = [:], flags: [(String, String)] = [], configPath: String? = nil
    ) throws -> PressroomConfiguration {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        if let yaml { try Data(yaml.utf8).write(to: directory.appendingPathComponent("pressroom.yaml")) }
        return try PressroomConfiguration(
            ConfigurationSources(
                flags: flags.map { .init(name: "--\($0.0)", key: $0.0, value: $0.1) }, environment: environment,
                configPath: configPath, workingDirectory: directory.path))
    }

    /// The problems of a configuration that must not be accepted.
    private func problems(
        yaml: String? = nil, environment: [String: String] = [:], flags: [(String, String)] = [], configPath: String? = nil
    ) -> [ConfigurationError.Problem] {
        let error = #expect(throws: ConfigurationError.self) {
            try read(yaml: yaml, environment: environment, flags: flags, configPath: configPath)
        }
        return error?.problems ?? []
    }

    @Test("Defaults")
    func defaults() throws {
        let configuration = try read()
        #expect(configuration.http == PressroomConfiguration().http)
        #expect(configuration.http.host == "127.0.0.1")
        #expect(configuration.http.port == 8080)
        #expect(configuration.database.url == nil)
        #expect(configuration.database.dataDirectory.hasSuffix("/.pressroom/postgres"))
        #expect(configuration.streams.maxUnsentBytes == 1_048_576)
        #expect(configuration.retention.events == .seconds(2_592_000))
        #expect(configuration.providers.isEmpty)
    }

    @Test("The documentation has every setting")
    func documentation() throws {
        let file = PostgresTestDirectory.migrations + "/../docs/configuration.md"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\n\(Setting.table)\n\n"), "docs/configuration.md needs the output of: pressroom settings")
    }

    @Test("Every default is a value that may be set")
    func defaultsCanBeSet() throws {
        let flags = PressroomConfiguration.settings.compactMap { setting in setting.standard.map { (setting.key, $0) } }
        #expect(flags.count > 30)
        var written = try read(flags: flags), plain = try read()
        written.database.dataDirectory = ""  // it is in the directory of each run
        plain.database.dataDirectory = ""
        #expect(written == plain)
    }

    @Test("The parts have the same defaults as the settings")
    func partsOfTheService() {
        let defaults = PressroomConfiguration()
        #expect("\(HubConfiguration(defaults.streams))" == "\(HubConfiguration())")
        #expect("\(TailerConfiguration(defaults.streams))" == "\(TailerConfiguration())")
        #expect("\(SchedulerConfiguration(defaults.schedules))" == "\(SchedulerConfiguration())")
        #expect("\(ExpressionLimits(defaults.processor))" == "\(ExpressionLimits())")
        #expect("\(ProcessorConfiguration(defaults.processor, models: [:]))" == "\(ProcessorConfiguration())")
        #expect("\(APIConfiguration(defaults.http))" == "\(APIConfiguration())")
    }

    @Test("What is set is listed with its place")
    func given() throws {
        let sources = ConfigurationSources(
            flags: [.init(name: "--port", key: "http.port", value: "1")], environment: ["DATABASE_URL": "postgres://u:p@h/d"],
            workingDirectory: "/nonexistent")
        #expect(try sources.given() == ["http.port (--port)", "database.url (DATABASE_URL)"])
    }

    @Test("Flags go before the environment, that before the file, that before the default")
    func precedence() throws {
        let yaml = "http: {port: 1001, host: localhost}\nstreams: {heartbeat: 20s}\nlog_level: debug\n"
        let environment = ["PRESSROOM_HTTP_PORT": "1002", "PRESSROOM_STREAMS_HEARTBEAT": "25s"]
        let configuration = try read(yaml: yaml, environment: environment, flags: [("http.port", "1003")])
        #expect(configuration.http.port == 1003)
        #expect(configuration.streams.heartbeat == .seconds(25))
        #expect(configuration.http.host == "localhost")
        #expect(configuration.logLevel == .debug)
        #expect(configuration.streams.drain == .seconds(5))
        #expect(try read(yaml: yaml, environment: environment).http.port == 1002)
        #expect(try read(yaml: yaml).http.port == 1001)
    }

    @Test("The database URL")
    func databaseURL() throws {
        let yaml = "database: {url: \"postgres://file/a\"}"
        #expect(try read(yaml: yaml).database.url == "postgres://file/a")
        #expect(try read(yaml: yaml, environment: ["DATABASE_URL": "postgres://common/a"]).database.url == "postgres://common/a")
        let both = ["DATABASE_URL": "postgres://common/a", "PRESSROOM_DATABASE_URL": "postgresql://own/a"]
        #expect(try read(yaml: yaml, environment: both).database.url == "postgresql://own/a")
        #expect(try read(environment: both, flags: [("database.url", "host=/tmp dbname=x")]).database.url == "host=/tmp dbname=x")
        #expect(try read(environment: ["DATABASE_URL": ""]).database.url == nil)
    }

    @Test("Every key can be set, in each of the three ways", arguments: [
        ("http.max_body_bytes", "64KiB"), ("http.tcp_user_timeout", "5s"), ("http.backlog", "16"), ("database.pool.size", "3"), ("database.statement_timeout", "0s"),
        ("database.pool.min_idle", "2"), ("database.pool.max_lifetime", "0s"), ("database.pool.idle_timeout", "1m"),
        ("database.pool.health_interval", "5s"), ("metrics.token", "0123456789abcdef"), ("metrics.interval", "1s"),
        ("database.migrate", "false"), ("streams.max_unsent_bytes", "2MiB"), ("streams.max_age", "2h"),
        ("streams.drain", "0ms"), ("streams.max_streams", "5"), ("streams.max_tenant_streams", "4"),
        ("streams.max_user_streams", "3"), ("streams.threads", "2"), ("streams.tail_poll", "100ms"),
        ("streams.text_poll", "1s"),
        ("processor.concurrency", "0"), ("processor.tenant_reserve", "3"), ("processor.max_tenant_steps", "100"),
        ("processor.commit_batch", "1"), ("processor.heartbeat", "1s"), ("processor.lease_timeout", "20s"),
        ("processor.poll", "1s"), ("processor.drain", "3s"), ("processor.expression_timeout", "1s"),
        ("processor.max_expression_bytes", "64KiB"), ("processor.max_expression_rounds", "8"), ("processor.max_subtask_depth", "3"), ("schedules.poll", "2s"), ("schedules.grace", "0ms"),
        ("retention.events", "3d"), ("calls.capture", "none"), ("calls.max_body_bytes", "64KiB"), ("calls.max_story_bytes", "64KiB"), ("retention.calls", "3d"),
        ("log_level", "trace"), ("allow_anonymous", "true"), ("public_directory", "/x"),
        ("auth.modes", "keys"), ("http.frame_ancestors", "https://app.example"), ("http.requests_per_minute", "7"), ("http.failed_credentials_per_minute", "7"),
        ("database.owner_url", "host=/tmp"), ("auth.jwt.secret_env", "X"), ("auth.jwt.jwks", "https://id.example/jwks.json"),
        ("auth.jwt.issuer", "x"), ("auth.jwt.audience", "x"), ("auth.jwt.leeway", "1s"), ("auth.jwt.create_tenants", "true"),
        ("auth.jwt.claims.tenant", "x"), ("auth.jwt.claims.user", "x"), ("auth.jwt.claims.groups", "x"), ("auth.jwt.claims.scopes", "x"),
    ])
    func keys(key: String, value: String) throws {
        let parts = key.split(separator: ".")
        let yaml = parts.dropLast().reversed().reduce("\(parts.last ?? ""): \"\(value)\"") { "\($1): {\($0)}" }
        let variable = "PRESSROOM_" + key.uppercased().replacing(".", with: "_")
        let byFile = try read(yaml: yaml)
        var byVariable = try read(environment: [variable: value])
        // The only part that differs: the directory of each run.
        byVariable.database.dataDirectory = byFile.database.dataDirectory
        #expect(byVariable == byFile)
        var byFlag = try read(flags: [(key, value)])
        byFlag.database.dataDirectory = byFile.database.dataDirectory
        #expect(byFlag == byFile)
        var plain = try read()
        plain.database.dataDirectory = byFile.database.dataDirectory
        #expect(byFile != plain)
    }

    @Test("Unknown keys are named, with their line", arguments: [
        ("http:\n  prot: 1\n", "http.prot", 2), ("htp: {port: 1}\n", "htp", 1),
        ("providers:\n  local:\n    kind: rehearsal\n    speed: 1\n", "providers.local.speed", 4),
        ("providers:\n  r: {kind: rehearsal, base_url: \"http://x\"}\n", "providers.r.base_url", 2),
    ])
    func unknown(yaml: String, key: String, line: Int) throws {
        let problems = problems(yaml: yaml)
        #expect(problems.map(\.key) == [key])
        #expect(problems.map(\.line) == [line])
        #expect(problems.map(\.source) == ["pressroom.yaml"])
        #expect(problems.first?.detail.hasPrefix("is not a known key; known are ") == true)
    }

    @Test("Unknown flags are named")
    func unknownFlag() throws {
        #expect(problems(flags: [("http.prot", "1")]).map(\.key) == ["http.prot"])
    }

    @Test("Bad values are named with their place", arguments: [
        ("http.port", "eighty"), ("http.port", "65536"), ("http.port", "-1"), ("http.max_body_bytes", "1MB"),
        ("http.tcp_user_timeout", "0s"), ("http.backlog", "0"),
        ("database.pool.size", "0"), ("database.pool.max_lifetime", "soon"), ("metrics.token", "short"), ("database.migrate", "maybe"), ("database.url", "mysql://x"), ("streams.heartbeat", "15"),
        ("streams.heartbeat", "10 s"), ("streams.max_unsent_bytes", "1"), ("retention.events", "0d"), ("log_level", "loud"),
        ("auth.modes", "magic"), ("processor.lease_timeout", "600ms"), ("processor.max_expression_rounds", "0"), ("http.host", ""),
        ("calls.capture", "some"), ("calls.max_body_bytes", "1"), ("calls.max_story_bytes", "1GiB"), ("retention.calls", "0d"),
    ])
    func badValues(key: String, value: String) throws {
        #expect(problems(flags: [(key, value)]).map(\.key) == [key])
        let parts = key.split(separator: ".")
        let inner = parts.dropFirst().dropLast().reversed().reduce("\(parts[parts.count - 1]): '\(value)'") { "\($1): {\($0)}" }
        let yaml = parts.count == 1 ? "\n\n\(inner)" : "\n\(parts[0]):\n  \(inner)"
        let inFile = problems(yaml: yaml)
        #expect(inFile.map(\.key) == [key])
        #expect(inFile.map(\.line) == [3])
        guard !value.isEmpty else { return }
        let variable = "PRESSROOM_" + key.uppercased().replacing(".", with: "_")
        #expect(problems(environment: [variable: value]).map(\.source) == [variable])
    }

    @Test("Everything that is wrong is told at once, and a password is not told")
    func allAtOnce() throws {
        let problems = problems(
            yaml: "http: {port: x}\nbogus: 1\n", environment: ["DATABASE_URL": "mysql://u:hunter2@h/d", "PRESSROOM_LOG_LEVEL": "loud"])
        #expect(Set(problems.map(\.key)) == ["http.port", "bogus", "database.url", "log_level"])
        #expect(!ConfigurationError(problems).description.contains("hunter2"))
    }

    @Test("The file: missing, empty, no mapping, no YAML, a key twice, a group that is none")
    func file() throws {
        #expect(problems(configPath: "missing.yaml").map(\.source) == ["missing.yaml"])
        #expect(try read(yaml: "").http.port == 8080)
        #expect(try read(yaml: "http:\nproviders: ~\n").http.port == 8080)
        #expect(problems(yaml: "- a\n").count == 1)
        #expect(problems(yaml: "http: {port: 1\n").count == 1)
        #expect(problems(yaml: "log_level: info\nlog_level: debug\n").count == 1)
        #expect(problems(yaml: "http: 8080\n").map(\.key) == ["http"])
        #expect(problems(yaml: "http: {port: [1]}\n").map(\.key) == ["http.port"])
    }

    @Test("A byte order mark is no part of the file, and lines count as without it")
    func byteOrderMark() throws {
        for yaml in ["http: {port: 1001}\n", "# from an editor\r\nhttp:\r\n  port: 1001\r\n", "---\nhttp: {port: 1001}\n", #"{"http": {"port": 1001}}"#] {
            #expect(try read(yaml: "\u{FEFF}" + yaml).http.port == 1001, "\(yaml)")
            #expect(problems(yaml: "\u{FEFF}" + yaml.replacing("1001", with: "x")).map(\.line) == problems(yaml: yaml.replacing("1001", with: "x")).map(\.line))
        }
        #expect(try read(yaml: "\u{FEFF}").http.port == 8080)
    }

    @Test("A list is given as a list, or as a text with commas")
    func lists() throws {
        let wanted = try read(flags: [("requests.allow", "10.1.0.0/16, 127.0.0.1:9000, [::1]:9000, intranet")]).requests.allow
        #expect(wanted.count == 4)
        let written = [
            "requests:\n  allow:\n    - 10.1.0.0/16\n    - 127.0.0.1:9000\n    - '[::1]:9000'\n    - intranet\n",
            "requests: {allow: [10.1.0.0/16, 127.0.0.1:9000, '[::1]:9000', intranet]}\n",
            "requests: {allow: '10.1.0.0/16, 127.0.0.1:9000, [::1]:9000, intranet'}\n",
        ]
        for yaml in written { #expect(try read(yaml: yaml).requests.allow == wanted, "\(yaml)") }
        #expect(try read(yaml: "requests: {allow: []}\n").requests.allow == [])
        for (yaml, key) in [
            ("requests: {allow: {a: 1}}", "requests.allow.a"), ("requests: {allow: [[10.0.0.1]]}", "requests.allow"),
            ("requests: {allow: [10.0.0.1, 'a b']}", "requests.allow"),
        ] {
            #expect(problems(yaml: yaml).map(\.key).first == key, "\(yaml)")
        }
    }

    @Test("Relative paths mean the working directory")
    func paths() throws {
        let configuration = try read(yaml: "database: {data_directory: data, migrations_directory: ../m}\npublic_directory: /p\n")
        #expect(configuration.database.dataDirectory.hasPrefix("/"))
        #expect(configuration.database.dataDirectory.hasSuffix("/data"))
        #expect(configuration.database.migrationsDirectory?.hasSuffix("/m") == true)
        #expect(configuration.database.migrationsDirectory?.contains("..") == false)
        #expect(configuration.publicDirectory == "/p")
    }

    @Test("Addresses of this machine need no authentication", arguments: [
        "127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1",
    ])
    func loopback(host: String) throws {
        #expect(try read(flags: [("http.host", host)]).http.host == host)
    }

    @Test("Any other address is refused unless it is asked for", arguments: [
        "0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example.com", "localhost.example.com", "example.com", "::ffff:10.0.0.1", "127.1.2",
    ])
    func anonymous(host: String) throws {
        let problems = problems(flags: [("http.host", host)])
        #expect(problems.map(\.key) == ["http.host"])
        #expect(problems.first?.detail.contains("--allow-anonymous") == true)
        #expect(try read(flags: [("http.host", host), ("allow_anonymous", "true")]).http.host == host)
    }

    @Test("With keys or tokens the service may listen anywhere", arguments: ["keys", "keys, jwt", "jwt"])
    func authenticated(modes: String) throws {
        let configuration = try read(flags: [
            ("http.host", "0.0.0.0"), ("auth.modes", modes), ("auth.jwt.secret_env", "TOKEN_SECRET"),
        ])
        #expect(configuration.auth.isRequired)
        #expect(problems(flags: [("http.host", "0.0.0.0"), ("auth.modes", "none")]).map(\.key) == ["http.host"])
    }

    @Test("Tokens need a secret or a key set, and not both")
    func tokens() throws {
        #expect(problems(flags: [("auth.modes", "jwt")]).map(\.key) == ["auth.jwt.secret_env"])
        let both = [("auth.modes", "jwt"), ("auth.jwt.secret_env", "X"), ("auth.jwt.jwks", "https://id.example/jwks.json")]
        #expect(problems(flags: both).map(\.key) == ["auth.jwt.jwks"])
        #expect(problems(flags: [("auth.modes", "none, keys")]).map(\.key) == ["auth.modes"])
        let auth = try read(flags: [("auth.modes", "jwt"), ("auth.jwt.secret_env", "TOKEN_SECRET")]).auth
        #expect(throws: ConfigurationError.self) { try auth.secret(in: [:]) }
        #expect(throws: ConfigurationError.self) { try auth.secret(in: ["TOKEN_SECRET": String(repeating: "x", count: 31)]) }
        #expect(try auth.secret(in: ["TOKEN_SECRET": String(repeating: "x", count: 32)]) != nil)
        let file = try read(flags: [("auth.modes", "jwt"), ("auth.jwt.jwks", "keys.json")]).auth
        #expect(file.jwt.keySet?.hasPrefix("/") == true && file.jwt.keySet?.hasSuffix("/keys.json") == true)
        #expect(try file.secret(in: [:]) == nil)
    }
}
