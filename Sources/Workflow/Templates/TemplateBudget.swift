/// Bounds what one rendering may produce, since nested sections can multiply a small template.
package final class TemplateBudget {
    /// About how many bytes a rendering may have.
    package static let maximumBytes = 64 << 20

    private var remaining: Int
    private let templateSize: Int

    init(templateSize: Int, bytes: Int = maximumBytes) {
        remaining = bytes
        self.templateSize = templateSize
    }

    /// False when the bytes are no longer to be had.
    func take(_ bytes: Int) -> Bool {
        remaining -= bytes
        return remaining >= 0
    }

    /// One more turn of a section, which repeats at most the whole template.
    func takeTurn() -> Bool {
        take(templateSize + 16)
    }
}
