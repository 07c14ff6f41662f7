/// What of a model's answer readers see while it is written.
package enum LiveExcerpt: Sendable, Hashable {
    /// All of it: the answer is the text.
    case text
    /// The JSON object that the answer is.
    case object
    /// One text of that object. Where `condition` names a member, only if that was `true` before the text begins.
    case member(String, condition: String? = nil)

    /// The reasons of a judge.
    package static let reasoning = member("reasoning")
    /// The draft as an editor polished it. Without an approval it counts for nothing (``EditDecision``).
    package static let polish = member("content", condition: "approved")

    /// Whether it is a part of an answer that is read as a whole only at its end, and may be refused then.
    package var isOfStructure: Bool { self != .text }
}

/// Takes the excerpt out of an answer as the answer comes, piece by piece. Each byte is looked at once.
///
/// It shows too little rather than what may be no part of the answer: nothing where anything but a code fence comes before
/// the object, and no more after something that JSON forbids. ``StructuredAnswer`` reads such answers too, at their end.
package struct ExcerptReader: Sendable {
    private enum State {
        /// Before the object: white space, or a code fence with so many characters of its line.
        case beginning(fence: Int?)
        case object
        /// In a text within the object.
        case string(Role, StringEscape)
        /// Nothing more is shown.
        case over
    }

    /// What the text is in the object.
    private enum Role {
        case key, shown, other
    }

    /// How far an escape in a text has come.
    private enum StringEscape {
        case none
        case backslash
        case unicode(digits: Int, value: UInt16)
    }

    private static let maxFenceLine = 32
    private static let maxKeyBytes = 64

    private let excerpt: LiveExcerpt
    private let name: [UInt8]
    private let condition: [UInt8]?
    private var state = State.beginning(fence: nil)
    private var bytesLeft = StructuredAnswer.maxBytes
    private var depth = 0
    /// The last key of the outermost object; nil for one that is longer than any that is sought, or has escapes.
    private var key: [UInt8]? = []
    private var isValueNext = false
    private var isConditionMet: Bool
    private var highSurrogate: UInt16?
    private var shown: [UInt8] = []

    package init(_ excerpt: LiveExcerpt) {
        self.excerpt = excerpt
        switch excerpt {
        case .text, .object: (name, condition) = ([], nil)
        case .member(let member, let needed): (name, condition) = (Array(member.utf8), needed.map { Array($0.utf8) })
        }
        isConditionMet = condition == nil
    }

    /// What the piece adds to the excerpt.
    package mutating func read(_ piece: String) -> String {
        if excerpt == .text { return piece }
        if case .over = state { return "" }
        bytesLeft -= piece.utf8.count
        guard bytesLeft >= 0 else {
            state = .over
            return ""
        }
        for byte in piece.utf8 {
            take(byte)
            if case .over = state { break }
        }
        guard !shown.isEmpty else { return "" }
        defer { shown.removeAll(keepingCapacity: true) }
        return String(decoding: shown, as: UTF8.self)
    }

    private mutating func take(_ byte: UInt8) {
        if excerpt == .object, depth > 0 { shown.append(byte) }
        switch state {
        case .beginning(let fence): begin(byte, fence)
        case .object: takeStructure(byte)
        case .string(let role, let escape): takeText(byte, role, escape)
        case .over: break
        }
    }

    private mutating func begin(_ byte: UInt8, _ fence: Int?) {
        switch byte {
        case UInt8(ascii: "{"):
            state = .object
            depth = 1
            if excerpt == .object { shown.append(byte) }
        case 0x20, 0x09, 0x0A, 0x0D:
            if fence != nil { state = .beginning(fence: Self.maxFenceLine) }
        case UInt8(ascii: "`"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            // Letters are the language of a fence.
            let length = fence ?? 0
            let fits = byte == UInt8(ascii: "`") ? length < 3 : length >= 3
            state = fits && length < Self.maxFenceLine ? .beginning(fence: length + 1) : .over
        default:
            state = .over
        }
    }

    private mutating func takeStructure(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            state = .string(beginText(), .none)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 { state = .over }
        case UInt8(ascii: ":") where depth == 1:
            isValueNext = true
        case UInt8(ascii: ",") where depth == 1:
            isValueNext = false
        case UInt8(ascii: "t") where isOfCondition: isConditionMet = true
        case UInt8(ascii: "f") where isOfCondition: isConditionMet = false
        default:
            break
        }
    }

    private var isOfCondition: Bool { depth == 1 && isValueNext && condition != nil && key == condition }

    private mutating func beginText() -> Role {
        guard depth == 1 else { return .other }
        guard isValueNext else {
            key = []
            return .key
        }
        return excerpt != .object && key == name && isConditionMet ? .shown : .other
    }

    private mutating func takeText(_ byte: UInt8, _ role: Role, _ escape: StringEscape) {
        switch escape {
        case .backslash:
            takeEscape(byte, role)
        case .unicode(let digits, let value):
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return state = .over }
            let unit = value << 4 | UInt16(digit)
            state = .string(role, digits == 3 ? .none : .unicode(digits: digits + 1, value: unit))
            if digits == 3, role == .shown { show(unit) }
        case .none where byte == UInt8(ascii: "\\"):
            if role == .key { key = nil }
            state = .string(role, .backslash)
        case .none where byte == UInt8(ascii: "\""):
            if role == .shown { flushSurrogate() }
            // There is one text to be shown.
            state = role == .shown ? .over : .object
        case .none:
            switch role {
            case .shown:
                flushSurrogate()
                shown.append(byte)
            case .key: if key?.count ?? Self.maxKeyBytes < Self.maxKeyBytes { key?.append(byte) } else { key = nil }
            case .other: break
            }
        }
    }

    private mutating func takeEscape(_ byte: UInt8, _ role: Role) {
        if byte == UInt8(ascii: "u") { return state = .string(role, .unicode(digits: 0, value: 0)) }
        let meant: UInt8
        switch byte {
        case UInt8(ascii: "n"): meant = 0x0A
        case UInt8(ascii: "t"): meant = 0x09
        case UInt8(ascii: "r"): meant = 0x0D
        case UInt8(ascii: "b"): meant = 0x08
        case UInt8(ascii: "f"): meant = 0x0C
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): meant = byte
        default: return state = .over
        }
        if role == .shown {
            flushSurrogate()
            shown.append(meant)
        }
        state = .string(role, .none)
    }

    /// Shows a UTF-16 unit; half a character without its other half becomes U+FFFD, as in the row.
    private mutating func show(_ unit: UInt16) {
        if let high = highSurrogate, (0xDC00..<0xE000).contains(unit) {
            highSurrogate = nil
            shown.append(contentsOf: String(decoding: [high, unit], as: UTF16.self).utf8)
            return
        }
        flushSurrogate()
        if (0xD800..<0xDC00).contains(unit) {
            highSurrogate = unit
        } else {
            shown.append(contentsOf: String(decoding: [unit], as: UTF16.self).utf8)
        }
    }

    private mutating func flushSurrogate() {
        guard highSurrogate != nil else { return }
        highSurrogate = nil
        shown.append(contentsOf: "\u{FFFD}".utf8)
    }
}
