import API
import Access
import Base
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
    /// The configuration file, which must exist; nil for `pressroom.yaml` in the working directory, if there is one.
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

    /// What is set, and where: `http.port (--http-port)`, in the order of the documentation.
    package func given() throws(ConfigurationError) -> [String] {
        let file = try file()
        let reader = SettingReader(self, file: file)
        let providers = (file?.providers.keys.sorted() ?? []).map { "providers.\($0) (\(file?.name ?? ""))" }
        let secrets = (file?.secrets.keys.sorted() ?? []).map { "secrets.\($0) (\(file?.name ?? ""))" }
        let isMapping = file?.addresses != nil && reader.place(of: "requests.allow") == nil
        let addresses = isMapping ? ["requests.allow (\(file?.name ?? ""))"] : []
        return Setting.keys.compactMap { key in reader.place(of: key).map { "\(key) (\($0))" } } + addresses + providers + secrets
    }

    /// Nil where no file is named and there is no `pressroom.yaml`.
    fileprivate func file() throws(ConfigurationError) -> ConfigurationFile? {
        let directory = URL(fileURLWithPath: workingDirectory, isDirectory: true)
        if let path = configPath ?? environment["PRESSROOM_CONFIG"].flatMap({ $0.isEmpty ? nil : $0 }) {
            let full = URL(fileURLWithPath: path, relativeTo: directory).path
            guard FileManager.default.fileExists(atPath: full) else {
                throw ConfigurationError([.init(key: "", source: path, detail: "does not exist")])
            }
            return ConfigurationFile(path: full, name: path)
        }
        let standard = directory.appendingPathComponent("pressroom.yaml").path
        return FileManager.default.fileExists(atPath: standard) ? ConfigurationFile(path: standard, name: "pressroom.yaml") : nil
    }
}

extension PressroomConfiguration {
    /// Reads flags, then environment, then the YAML file, then the defaults. Relative paths mean the working directory.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong.
    package init(_ sources: ConfigurationSources) throws(ConfigurationError) {
        let file = try sources.file()
        var reader = SettingReader(sources, file: file)
        self.init(&reader)
        checkTogether(&reader)

        var entries = ProviderEntryReader(source: file?.name ?? "")
        for (name, entry) in (file?.providers ?? [:]).sorted(by: { $0.key < $1.key }) {
            providers[name] = entries.read(name, entry)
        }
        var grants = GrantEntryReader(source: file?.name ?? "")
        secrets = grants.secrets(file?.secrets ?? [:])
        // As with every setting, what a flag or a variable says goes before the file.
        if let addresses = file?.addresses, reader.place(of: "requests.allow") == nil {
            requests.allow = grants.addresses(addresses)
        }
        let problems = reader.problems + entries.problems + grants.problems
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        makePathsAbsolute(in: sources.workingDirectory)
    }

    /// Rules for two settings at a time.
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
        auth.checkTogether(&reader)
        if !allowAnonymous, !auth.isRequired, !Loopback.isLoopback(http.host) {
            reader.report(
                "http.host",
                "'\(http.host)' can be reached by others, and this service has no authentication; set auth.modes to keys or jwt, "
                    + "stay on 127.0.0.1, or pass --allow-anonymous if a proxy in front of it authenticates callers")
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
        auth.jwt.keySet = auth.jwt.keySet.map { AccessConfiguration.isURL($0) ? $0 : absolute($0) }
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
