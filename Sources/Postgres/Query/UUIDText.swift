import Foundation

/// PostgreSQL's text form of UUIDs: lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12. Foundation goes through
/// `sscanf` and `printf`, and a batch has thousands of them.
enum UUIDText {
    private static let digits = Array("0123456789abcdef".utf8)
    private static let length = 36

    static func text(_ id: UUID) -> String {
        String(unsafeUninitializedCapacity: length) { text in
            var position = 0
            withUnsafeBytes(of: id.uuid) { bytes in
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = digits[Int(byte >> 4)]
                    text[position + 1] = digits[Int(byte & 15)]
                    position += 2
                }
            }
            return position
        }
    }

    /// Nil unless the text is exactly a UUID in that form; upper-case digits are read too.
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> UUID? {
        guard text.count == length else { return nil }
        var id = zero
        var position = 0
        let isSound = withUnsafeMutableBytes(of: &id) { bytes in
            for index in bytes.indices {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    guard text[position] == UInt8(ascii: "-") else { return false }
                    position += 1
                }
                guard let high = value(text[position]), let low = value(text[position + 1]) else { return false }
                bytes[index] = high << 4 | low
                position += 2
            }
            return true
        }
        return isSound ? UUID(uuid: id) : nil
    }

    private static let zero: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
