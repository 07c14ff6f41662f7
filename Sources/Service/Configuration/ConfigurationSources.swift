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
