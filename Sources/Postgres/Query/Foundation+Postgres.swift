package import Foundation

extension UUID: PostgresEncodable, PostgresDecodable {
    package var postgresText: String? { UUIDText.text(self) }
    /// Nothing in it needs quotes.
    package var postgresArrayElement: String { UUIDText.text(self) }

    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> UUID? {
        text.flatMap(UUIDText.parse)
    }
}

extension Date: PostgresEncodable, PostgresDecodable {
    /// A `timestamptz` in UTC, rounded to the microsecond, which is what the server keeps.
    package var postgresText: String? {
        let instant = Timestamp(microsecondsSinceEpoch: Int64((timeIntervalSince1970 * 1_000_000).rounded()))
        return instant.text
    }

    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Date? {
        text.flatMap(Timestamp.init(parsing:)).map {
            Date(timeIntervalSince1970: Double($0.microsecondsSinceEpoch) / 1_000_000)
        }
    }
}
