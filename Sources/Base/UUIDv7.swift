package import Foundation
import Synchronization

/// Time-ordered UUIDs (RFC 9562, 5.7), rising within a process even inside one millisecond.
///
/// The 12 bits after the time are a counter that starts anew, at random in its lower half, each millisecond (RFC 9562,
/// 6.2, method 1). When it is used up, or the clock goes back, the time of the last id is carried on.
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

    /// The time in an id; nil when it is of another version.
    package static func date(of id: UUID) -> Date? {
        let bytes = id.uuid
        guard bytes.6 >> 4 == 7 else { return nil }
        let parts = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5]
        let milliseconds = parts.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }

    /// Puts an id together: 48 bits of time, version 7, 12 bits of counter, variant 2, 62 bits of chance.
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

extension UUID {
    /// In lower case, as PostgreSQL writes it.
    package var text: String { uuidString.lowercased() }
}
