import Workflow

/// Puts characters together whose halves came in two pieces of a text; a half without its other becomes U+FFFD.
struct HalfCharacters: Sendable {
    private enum Half {
        case none
        case highSurrogate(UInt16)
        case bytes([UInt8])
    }

    private var pending = Half.none

    /// The text that is clear with this piece.
    ///
    /// - Parameter hasHalves: whether marks of halves may be in the piece; otherwise such characters mean themselves.
    mutating func join(_ piece: String, hasHalves: Bool) -> String {
        guard !piece.isEmpty else { return "" }
        guard hasHalves else { return flush() + piece }
        var text = ""
        for scalar in piece.unicodeScalars {
            switch HalfCharacter(scalar) {
            case .surrogate(let unit): take(surrogate: unit, &text)
            case .byte(let byte): take(byte: byte, &text)
            case nil:
                text += flush()
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// What is left: U+FFFD for a half, nothing otherwise.
    mutating func flush() -> String {
        defer { pending = .none }
        if case .none = pending { return "" }
        return "\u{FFFD}"
    }

    private mutating func take(surrogate unit: UInt16, _ text: inout String) {
        if unit < 0xDC00 {
            text += flush()
            pending = .highSurrogate(unit)
        } else if case .highSurrogate(let high) = pending {
            pending = .none
            text += String(decoding: [high, unit], as: UTF16.self)
        } else {
            text += flush() + "\u{FFFD}"
        }
    }

    private mutating func take(byte: UInt8, _ text: inout String) {
        var bytes: [UInt8] = []
        if byte & 0xC0 == 0x80, case .bytes(let before) = pending { bytes = before } else { text += flush() }
        bytes.append(byte)
        let wanted =
            switch bytes[0] {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        if bytes.count < wanted {
            pending = .bytes(bytes)
        } else {
            pending = .none
            text += String(validating: bytes, as: UTF8.self) ?? "\u{FFFD}"
        }
    }
}
