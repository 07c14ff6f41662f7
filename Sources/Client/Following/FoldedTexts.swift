import Workflow

/// The texts in progress of a task, as `live` lists them.
struct FoldedTexts: Sendable {
    private struct Text {
        var outputID: String
        var versionNumber: Int
        var text: String
        /// The length of `text` in UTF-16 units, which offsets count.
        var units: Int
    }

    private var texts: [Text] = []

    init(_ live: JSON? = nil) {
        for entry in live?.array ?? [] {
            guard let outputID = entry["output_id"]?.string, let text = entry["text"]?.string else { continue }
            texts.append(
                Text(outputID: outputID, versionNumber: entry["version_number"]?.int ?? 0, text: text, units: text.utf16.count))
        }
    }

    var json: JSON {
        .array(
            texts.map {
                [
                    "output_id": .string($0.outputID), "version_number": .integer(Int64($0.versionNumber)),
                    "text": .string($0.text),
                ]
            })
    }

    /// Offset 0 replaces, the end of the text appends, anything else is ignored. Answers whether the text changed.
    mutating func apply(delta: JSON) -> Bool {
        guard let outputID = delta["output_id"]?.string, let offset = delta["offset"]?.int,
            let text = delta["text"]?.string, let version = delta["version_number"]?.int
        else { return false }
        let index = texts.firstIndex { $0.outputID == outputID }
        if offset == 0 {
            let new = Text(outputID: outputID, versionNumber: version, text: text, units: text.utf16.count)
            if let index { texts[index] = new } else { texts.append(new) }
            return true
        }
        guard let index, texts[index].versionNumber == version, texts[index].units == offset else { return false }
        texts[index].text += text
        texts[index].units += text.utf16.count
        return true
    }

    /// Drops a text that has become a row, or that nobody writes any more.
    mutating func settle(with output: JSON) {
        let isBeingWritten = ["writing", "editing", "rewriting"].contains(output["status"]?.string)
        texts.removeAll {
            $0.outputID == output["id"]?.string
                && (!isBeingWritten || (output["version_number"]?.int ?? 0) >= $0.versionNumber)
        }
    }
}
