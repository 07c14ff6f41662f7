import Glibc

/// Finds time marks in what a reader received, without looking at every byte twice or making anything of it.
///
/// Events of one load are equally long, so the next mark is expected as far after the last one as that was after the one
/// before it; only where it is not, the bytes are searched.
struct MarkScanner {
    /// What a caller keeps of the end of a reader's bytes, so that a mark that two reads share is found.
    static let kept = 48

    /// From one mark to the next; 0 while not known.
    private var stride = 0

    /// Calls `body` with each mark of `bytes` that ends after `fresh` of them.
    @inline(__always)
    mutating func forEachMark(_ bytes: UnsafeBufferPointer<UInt8>, fresh: Int, _ body: (UInt64) -> Void) {
        guard let base = bytes.baseAddress else { return }
        var position = 2
        var last = -1
        while position < bytes.count {
            guard let hit = memchr(base + position, 0x3D, bytes.count - position) else { return }  // =
            var at = UnsafeRawPointer(base).distance(to: hit)
            position = at + 1
            guard Self.isMark(base, at) else { continue }
            if last >= 0 { stride = at - last }
            while true {
                guard at + TimeMark.digitCount < bytes.count else { return }
                last = at
                position = at + TimeMark.digitCount + 1
                if position > fresh, let time = Self.number(base + at + 1, TimeMark.digitCount), time > 0 { body(time) }
                at += stride
                guard stride > TimeMark.digitCount + 3, at < bytes.count, base[at] == 0x3D, Self.isMark(base, at) else { break }
            }
        }
    }

    /// Calls `body` with the time of day, in nanoseconds, of each event's own `"at":"2026-01-31T12:00:00.123456Z"` that
    /// ends after `fresh` of the bytes. For loads that are light.
    static func forEachCommit(_ bytes: UnsafeBufferPointer<UInt8>, fresh: Int, _ body: (UInt64) -> Void) {
        let key: StaticString = "\"at\":\"2", length = 33
        guard let base = bytes.baseAddress else { return }
        var position = 0
        while position + length <= bytes.count,
            let hit = memchr(base + position, 0x22, bytes.count - position - length + 1)
        {
            let at = UnsafeRawPointer(base).distance(to: hit)
            position = at + 1
            guard at + length > fresh, memcmp(base + at, key.utf8Start, key.utf8CodeUnitCount) == 0 else { continue }
            guard let hours = number(base + at + 17, 2), let minutes = number(base + at + 20, 2),
                let seconds = number(base + at + 23, 2), let micros = number(base + at + 26, 6)
            else { continue }
            body(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + micros * 1000)
        }
    }

    @inline(__always)
    private static func isMark(_ base: UnsafePointer<UInt8>, _ at: Int) -> Bool {
        base[at - 1] == 0x73 && base[at - 2] == 0x74  // ts
    }

    @inline(__always)
    private static func number(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<count {
            let digit = start[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }
}
