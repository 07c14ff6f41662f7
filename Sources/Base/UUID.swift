package import Foundation
import Synchronization

extension UUID {
    /// The usual form in lower case, as PostgreSQL and the API write it.
    ///
    /// Written here, because Foundation goes through `printf` and a batch of rows has thousands of ids.
    package var text: String {
        String(unsafeUninitializedCapacity: Self.textLength) { text in
            var position = 0
            withUnsafeBytes(of: uuid) { bytes in
                for (index, byte) in bytes.enumerated() {
                    if Self.hasDash(before: index) {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    (text[position], text[position + 1]) = byte.hexDigits
                    position += 2
                }
            }
            return position
        }
    }

    /// Reads exactly the usual form of 36 characters, with digits in either case; nil for anything else.
    package init?(text: String) {
        var text = text
        guard let id = text.withUTF8({ UUID(text: $0) }) else { return nil }
        self = id
    }

    /// Reads exactly the usual form of 36 bytes of ASCII, with digits in either case; nil for anything else.
    package init?(text: UnsafeBufferPointer<UInt8>) {
        guard text.count == Self.textLength else { return nil }
        var id: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        var position = 0
        let isSound = withUnsafeMutableBytes(of: &id) { bytes in
            for index in bytes.indices {
                if Self.hasDash(before: index) {
                    guard text[position] == UInt8(ascii: "-") else { return false }
                    position += 1
                }
                guard let high = UInt8(hexDigit: text[position]), let low = UInt8(hexDigit: text[position + 1]) else {
                    return false
                }
                bytes[index] = high << 4 | low
                position += 2
            }
            return true
        }
        guard isSound else { return nil }
        self.init(uuid: id)
    }

    private static let textLength = 36

    /// Groups of 8, 4, 4, 4 and 12 digits.
    private static func hasDash(before byte: Int) -> Bool { byte == 4 || byte == 6 || byte == 8 || byte == 10 }
}

/// Time-ordered UUIDs (RFC 9562, section 5.7), which rise within a process even inside one millisecond.
///
/// The 12 bits after the time are a counter that starts anew, at random in its lower half, each millisecond (RFC 9562,
/// section 6.2, method 1). When it is used up, or the clock goes back, the time of the last id is carried on.
package enum UUIDv7 {
    private struct State {
        var milliseconds: UInt64 = 0
        var counter: UInt16 = 0
    }

    private static let state = Mutex(State())

    /// A new id, greater than all before it in this process.
    package static func next() -> UUID {
        let now = UInt64(max(0, Date().timeIntervalSince1970 * 1_000))
        var random = SystemRandomNumberGenerator()
        let seed = UInt16(truncatingIfNeeded: random.next()) & 0x07FF
        let (time, counter) = state.withLock { state in
            if now > state.milliseconds {
                state = State(milliseconds: now, counter: seed)
            } else if state.counter < 0x0FFF {
                state.counter += 1
            } else {
                state = State(milliseconds: state.milliseconds + 1, counter: seed)
            }
            return (state.milliseconds, state.counter)
        }
        return make(milliseconds: time, counter: counter, random: random.next())
    }

    /// Puts an id together: 48 bits of time, version 7, 12 bits of counter, variant 2, 62 random bits.
    static func make(milliseconds: UInt64, counter: UInt16, random: UInt64) -> UUID {
        func time(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: milliseconds >> shift) }
        func chance(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: random >> shift) }
        return UUID(
            uuid: (
                time(40), time(32), time(24), time(16), time(8), time(0),
                0x70 | UInt8(counter >> 8 & 0x0F), UInt8(truncatingIfNeeded: counter),
                0x80 | chance(56) & 0x3F, chance(48), chance(40), chance(32), chance(24), chance(16), chance(8), chance(0)
            ))
    }
}
