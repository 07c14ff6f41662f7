import Postgres

extension PostgresValue {
    /// The length of the text; 0 for NULL.
    var byteCount: Int { withUnsafeBytes { $0?.count ?? 0 } }

    /// Copies the text, or nothing for NULL.
    func append(to bytes: inout [UInt8]) {
        withUnsafeBytes { if let text = $0 { bytes.append(contentsOf: text) } }
    }
}
