import Foundation
import Logging
import Workflow

/// Where a configuration is read from.
package struct ConfigurationSources: Sendable {
    /// A flag as it was typed, and what it sets.
    package struct Flag: Sendable, Hashable {
        package var name: String
        package var key: String
        package var value: String

        package init(name: String, key: String, value: String) {
            self.name = name
            self.key = key
            self.value = value
        }
    }

    /// The last flag for a key wins.
    package var flags: [Flag]
    package var environment: [String: String]
    /// The file that must be there; nil for `pressroom.yaml` in the working directory, if there is one.
    package var configPath: String?
    package var workingDirectory: String

    package init(
        flags: [Flag] = [], environment: [String: String], configPath: String? = nil, workingDirectory: String
    ) {
        self.flags = flags
        self.environment = environment
        self.configPath = configPath
        self.workingDirectory = workingDirectory
    }
}

extension PressroomConfiguration {
    /// Reads flags, then environment, then the YAML file, then the defaults.
    ///
    /// Relative paths mean the working directory.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    package init(_ sources: ConfigurationSources) throws(ConfigurationError) {
        self.init()
        let file = try Self.file(sources)
        var reader = SettingReader(sources, file: file)
        readService(&reader)
        readDatabase(&reader)
        readStreams(&reader)
        readProcessor(&reader)
        readRequests(&reader)
        checkTogether(&reader)

        var entries = ProviderEntryReader(source: file?.name ?? "")
        for (name, entry) in (file?.providers ?? [:]).sorted(by: { $0.key < $1.key }) {
            providers[name] = entries.read(name, entry)
        }
        let problems = reader.problems + entries.problems
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        makePathsAbsolute(in: sources.workingDirectory)
    }

    private static func file(_ sources: ConfigurationSources) throws(ConfigurationError) -> ConfigurationFile? {
        let directory = URL(fileURLWithPath: sources.workingDirectory, isDirectory: true)
        if let path = sources.configPath ?? sources.environment["PRESSROOM_CONFIG"].flatMap({ $0.isEmpty ? nil : $0 }) {
            let full = URL(fileURLWithPath: path, relativeTo: directory).path
            guard FileManager.default.fileExists(atPath: full) else {
                throw ConfigurationError([.init(key: "", source: path, detail: "does not exist")])
            }
            return ConfigurationFile(path: full, name: path)
        }
        let standard = directory.appendingPathComponent("pressroom.yaml").path
        return FileManager.default.fileExists(atPath: standard) ? ConfigurationFile(path: standard, name: "pressroom.yaml") : nil
    }

    private mutating func readService(_ reader: inout SettingReader) {
        reader.text("http.host", into: &http.host)
        reader.integer("http.port", into: &http.port, in: 0...65_535)
        reader.text("http.tls_certificate", into: &http.tlsCertificate)
        reader.text("http.tls_key", into: &http.tlsKey)
        reader.bytes("http.max_body_bytes", into: &http.maxBodyBytes, in: 1_024...(1 << 30))
        reader.duration("http.request_timeout", into: &http.requestTimeout, in: .milliseconds(100) ... .seconds(3_600))
        reader.duration("http.idle_timeout", into: &http.idleTimeout, in: .milliseconds(100) ... .seconds(3_600))
        reader.duration("http.tcp_user_timeout", into: &http.tcpUserTimeout, in: .seconds(1) ... .seconds(3_600))
        reader.integer("http.backlog", into: &http.backlog, in: 1...65_535)
        reader.text("public_directory", into: &publicDirectory)
        reader.read("log_level", into: &logLevel, "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))") {
            Logger.Level(rawValue: $0.lowercased())
        }
        reader.flag("allow_anonymous", into: &allowAnonymous)
        var auth = "none"
        reader.read("auth", into: &auth, "'none'; keys and jwt are not available in this version") {
            $0 == "none" ? $0 : nil
        }
    }

    private mutating func readDatabase(_ reader: inout SettingReader) {
        reader.read("database.url", into: &database.url, "a URL that begins with postgres:// or keyword=value text") { text in
            let isURL = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
            return isURL || (!text.contains("://") && text.contains("=")) ? .some(text) : nil
        }
        reader.integer("database.pool_size", into: &database.poolSize, in: 1...1_000)
        reader.duration("database.statement_timeout", into: &database.statementTimeout, in: .zero ... .seconds(86_400))
        reader.text("database.data_directory", into: &database.dataDirectory)
        reader.flag("database.migrate", into: &database.migrate)
        reader.text("database.migrations_directory", into: &database.migrationsDirectory)
        reader.duration("events.retention", into: &events.retention, in: .seconds(60) ... .seconds(3_650 * 86_400))
    }

    private mutating func readStreams(_ reader: inout SettingReader) {
        reader.duration("streams.heartbeat", into: &streams.heartbeat, in: .seconds(1) ... .seconds(300))
        reader.bytes("streams.max_unsent_bytes", into: &streams.maxUnsentBytes, in: 4_096...(1 << 30))
        reader.duration("streams.max_age", into: &streams.maxAge, in: .seconds(1) ... .seconds(30 * 86_400))
        reader.duration("streams.drain", into: &streams.drain, in: .zero ... .seconds(600))
        reader.integer("streams.max_streams", into: &streams.maxStreams, in: 1...1_000_000)
        reader.integer("streams.max_tenant_streams", into: &streams.maxTenantStreams, in: 1...1_000_000)
        reader.integer("streams.max_user_streams", into: &streams.maxUserStreams, in: 1...1_000_000)
        reader.integer("streams.threads", into: &streams.threads, in: 0...256)
        reader.duration("streams.tail_poll", into: &streams.tailPoll, in: .milliseconds(10) ... .seconds(60))
        reader.duration("streams.text_poll", into: &streams.textPoll, in: .milliseconds(50) ... .seconds(60))
    }

    private mutating func readProcessor(_ reader: inout SettingReader) {
        reader.integer("processor.concurrency", into: &processor.concurrency, in: 0...10_000)
        reader.integer("processor.tenant_reserve", into: &processor.tenantReserve, in: 0...10_000)
        reader.integer("processor.max_tenant_steps", into: &processor.maxTenantSteps, in: 0...1_000_000)
        reader.integer("processor.commit_batch", into: &processor.commitBatch, in: 1...10_000)
        reader.duration("processor.heartbeat", into: &processor.heartbeat, in: .milliseconds(50) ... .seconds(60))
        reader.duration("processor.lease_timeout", into: &processor.leaseTimeout, in: .milliseconds(500) ... .seconds(600))
        reader.duration("processor.poll", into: &processor.poll, in: .milliseconds(10) ... .seconds(60))
        reader.integer("processor.max_subtask_depth", into: &processor.maxSubtaskDepth, in: 0...100)
        reader.duration("processor.drain", into: &processor.drain, in: .zero ... .seconds(600))
        reader.duration(
            "processor.expression_timeout", into: &processor.expressionTimeout, in: .milliseconds(10) ... .seconds(60))
        reader.bytes("processor.max_expression_bytes", into: &processor.maxExpressionBytes, in: 1_024...(64 << 20))
        reader.integer("processor.max_expression_rounds", into: &processor.maxExpressionRounds, in: 1...1_000)
        reader.duration("schedules.poll", into: &schedules.poll, in: .milliseconds(50) ... .seconds(60))
        reader.duration("schedules.grace", into: &schedules.grace, in: .zero ... .seconds(86_400))
    }

    private mutating func readRequests(_ reader: inout SettingReader) {
        let rule = "a list, with commas, of addresses, blocks and hosts, each with or without a port, such as 10.1.0.0/16, 127.0.0.1:9000, [::1]:9000"
        reader.read("requests.allow", into: &requests.allow, rule) { text in
            let entries = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let exceptions = entries.compactMap { AddressRules.Exception($0) }
            return exceptions.count == entries.count && !entries.isEmpty ? exceptions : nil
        }
    }

    /// Rules about two values at a time.
    private func checkTogether(_ reader: inout SettingReader) {
        if processor.heartbeat * 2 > processor.leaseTimeout {
            reader.report("processor.lease_timeout", "must be at least twice processor.heartbeat")
        }
        for (key, value, other, needed) in [
            ("http.tls_key", http.tlsKey, "http.tls_certificate", http.tlsCertificate),
            ("http.tls_certificate", http.tlsCertificate, "http.tls_key", http.tlsKey),
        ] where value != nil && needed == nil {
            reader.report(other, "is not set, but \(key) is; TLS needs both")
        }
        if !allowAnonymous, !Loopback.isLoopback(http.host) {
            reader.report(
                "http.host",
                "'\(http.host)' can be reached by others, and this service has no authentication; "
                    + "stay on 127.0.0.1, or pass --allow-anonymous if something in front of it keeps strangers out")
        }
    }

    private mutating func makePathsAbsolute(in directory: String) {
        func absolute(_ path: String) -> String {
            URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: directory, isDirectory: true)).standardizedFileURL.path
        }
        database.dataDirectory = absolute(database.dataDirectory)
        database.migrationsDirectory = database.migrationsDirectory.map(absolute)
        publicDirectory = publicDirectory.map(absolute)
        http.tlsCertificate = http.tlsCertificate.map(absolute)
        http.tlsKey = http.tlsKey.map(absolute)
    }
}

/// Everything that is wrong with a configuration, at once.
package struct ConfigurationError: Error, Sendable, Equatable {
    /// One mistake: what was set, where, and what is wrong with it.
    package struct Problem: Sendable, Hashable {
        /// `http.port`; empty when a file as a whole is meant.
        package var key: String
        /// `--port`, `PRESSROOM_HTTP_PORT`, `pressroom.yaml`.
        package var source: String
        /// In the file, counted from 1.
        package var line: Int?
        /// The end of a sentence about the key.
        package var detail: String

        package init(key: String, source: String, line: Int? = nil, detail: String) {
            self.key = key
            self.source = source
            self.line = line
            self.detail = detail
        }
    }

    package var problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    package var description: String {
        let place = line.map { "\(source), line \($0)" } ?? source
        return [place, key].filter { !$0.isEmpty }.joined(separator: ": ") + " " + detail
    }
}

extension ConfigurationError: CustomStringConvertible {
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Addresses that only this machine can reach.
enum Loopback {
    /// `localhost`, 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104; any other name or address is not.
    static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            return withUnsafeBytes(of: v4) { $0.first == 127 }
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, bare, &v6) == 1 else { return false }
        return withUnsafeBytes(of: v6) { bytes in
            let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
            let one = bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
            return one || (zeros && bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127)
        }
    }
}
