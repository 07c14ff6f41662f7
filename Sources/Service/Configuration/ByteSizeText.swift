/// Sizes as configurations write them: `1048576`, `64KiB`, `1MiB`, `2GiB`.
enum ByteSizeText {
    private static let units: [(name: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    /// The number of bytes; nil for any other text.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        guard let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count)
        guard !unit.isEmpty else { return number }
        guard let bytes = units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (total, overflow) = number.multipliedReportingOverflow(by: bytes)
        return overflow ? nil : total
    }
}
