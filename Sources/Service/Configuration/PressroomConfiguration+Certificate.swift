package import API

extension PressroomConfiguration {
    /// The certificate that the service answers with; nil for no TLS.
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
