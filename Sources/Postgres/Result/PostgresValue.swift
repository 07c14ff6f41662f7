/// One field of a row, in PostgreSQL's text format; it stays in libpq's memory until it is asked for.
package struct PostgresValue: Sendable {
    let handle: ResultHandle
    let row: Int
    let column: Int

    package var isNull: Bool { withUnsafeBytes { $0 == nil } }

    package var string: String? {
        withUnsafeBytes { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    package var bytes: [UInt8]? {
        withUnsafeBytes { $0.map { Array($0) } }
    }

    /// Lends the bytes without a copy; `nil` is NULL. The buffer is valid only inside `body`.
    package func withUnsafeBytes<R>(_ body: (UnsafeBufferPointer<UInt8>?) throws -> R) rethrows -> R {
        try handle.withBytes(row: row, column: column, body)
    }
}
