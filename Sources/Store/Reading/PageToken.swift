import Foundation
import Workflow

/// Where a page of a list ended, as clients carry it: opaque to them, base64url of a key.
package struct PageToken: Sendable, Hashable {
    let key: String

    init(key: String) {
        self.key = key
    }

    /// Nil when the text was not made by `text`.
    package init?(_ text: String) {
        guard text.utf8.count <= 2_048, !text.utf8.contains(where: { $0 == UInt8(ascii: "=") }) else { return nil }
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let key = String(validating: data, as: UTF8.self) else { return nil }
        self.key = key
        guard self.text == text else { return nil }
    }

    package var text: String {
        Data(key.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// A token of another list.
    static let unknown = StoreError(
        .invalid, "The page token does not belong to this list.",
        problems: [Problem(pointer: "/query/after", detail: "is not a token of this list")])
}
