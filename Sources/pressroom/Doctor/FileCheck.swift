import Service

/// Looks for the directories that come with the program.
struct FileCheck {
    let configuration: PressroomConfiguration

    func findings() -> [Finding] {
        let locator = ResourceLocator.current
        let certificate = configuration.http.tlsCertificate.map { path in
            finding("TLS certificate", missing: .failed) { () throws(ConfigurationError) in
                _ = try configuration.certificate()
                return path
            }
        }
        return [
            finding("migration files", missing: .failed) { () throws(ConfigurationError) in
                try locator.migrationsDirectory(configuration)
            },
            // The service works without its page.
            finding("page files", missing: .warning) { () throws(ConfigurationError) in
                try locator.publicDirectory(configuration)
            },
        ] + [certificate].compactMap { $0 }
    }

    private func finding(
        _ subject: String, missing: Finding.Status, _ find: () throws(ConfigurationError) -> String
    ) -> Finding {
        do throws(ConfigurationError) {
            return Finding(subject, .ok, "in \(try find())")
        } catch {
            return Finding(subject, missing, error.description)
        }
    }
}
