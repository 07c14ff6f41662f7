import Base
package import Foundation

/// The ids of spans that follow from rows, so that every node knows the parent of a span without asking.
///
/// 16 lower-case hexadecimal digits, not all 0 (W3C Trace Context, section 3.2.2.4).
package enum SpanIDs {
    /// - Parameter run: 0 for the task's first way through its phases; a retry of a failed task is another.
    package static func task(_ id: UUID, run: Int = 0) -> String { id_("task", id, run) }
    package static func phase(_ id: UUID, run: Int = 0) -> String { id_("phase", id, run) }
    package static func attempt(_ stepID: UUID, _ attempt: Int) -> String { id_("attempt", stepID, attempt) }
    /// Of a call whose request carried no span of its own.
    package static func call(_ id: UUID) -> String { id_("call", id, 0) }

    private static func id_(_ kind: String, _ id: UUID, _ number: Int) -> String {
        hex(StableHash.value(parts: [kind, id.text, "\(number)"]))
    }

    /// A trace id: the text itself where it is one (dashes aside), and a stable hash of any other text.
    package static func trace(_ text: String) -> String {
        let digits = text.lowercased().filter { $0 != "-" }
        if isHex(digits, count: 32) { return digits }
        return hex(StableHash.value(parts: ["trace", text])) + hex(StableHash.value(parts: ["trace2", text]))
    }

    /// A span id that a row has; nil for any other text.
    package static func reading(_ text: String?) -> String? {
        text.flatMap { isHex($0, count: 16) ? $0 : nil }
    }

    private static func isHex(_ text: String, count: Int) -> Bool {
        text.utf8.count == count && text.contains { $0 != "0" }
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    static func hex(_ value: UInt64) -> String { max(1, value).padded(to: 16, radix: 16) }
}
