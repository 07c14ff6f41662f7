/// Leaves out the thoughts that some models write in tags before their answer: `<think>…</think>`.
///
/// Tags count only at the beginning, after white space. As the text comes in pieces, what may become a tag is held back
/// until that is clear: at most `maxHeld` bytes.
struct ThoughtFilter: Sendable {
    private static let tags: [(opening: [UInt8], closing: [UInt8])] = [
        ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"),
    ].map { (Array($0.utf8), Array($1.utf8)) }
    /// White space before the answer is held no longer than this.
    private static let maxHeld = 1_024

    private enum State {
        /// No character of the answer has come.
        case beginning
        case thoughts(closing: [UInt8])
        case answer
    }

    private var state = State.beginning
    private var held: [UInt8] = []
    /// Whether thoughts were left out.
    private(set) var hasThoughts = false
    /// Whether thoughts have begun that have not ended.
    var isInThoughts: Bool {
        if case .thoughts = state { true } else { false }
    }

    /// The part of the answer that is clear with this piece.
    mutating func answer(with piece: String) -> String {
        if case .answer = state { return piece }
        held.append(contentsOf: piece.utf8)
        while true {
            switch state {
            case .answer:
                return release()
            case .thoughts(let closing):
                guard let end = held.firstRange(of: closing) else {
                    held.removeFirst(max(0, held.count - closing.count + 1))
                    return ""
                }
                held.removeFirst(end.upperBound)
                state = .beginning
            case .beginning:
                let text = held[(held.firstIndex { !Self.isSpace($0) } ?? held.endIndex)...]
                if let tag = Self.tags.first(where: { text.starts(with: $0.opening) }) {
                    held.removeFirst(held.count - text.count + tag.opening.count)
                    state = .thoughts(closing: tag.closing)
                    hasThoughts = true
                } else if Self.tags.contains(where: { $0.opening.starts(with: text) }), held.count <= Self.maxHeld {
                    return ""
                } else {
                    state = .answer
                }
            }
        }
    }

    /// What is still held back, when no more comes.
    mutating func end() -> String {
        if case .beginning = state { return release() }
        return ""
    }

    /// White space between thoughts and answer belongs to neither.
    private mutating func release() -> String {
        defer { held = [] }
        return String(decoding: hasThoughts ? held[...].drop(while: Self.isSpace) : held[...], as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
