/// `[██████░░░░]  60 %`
enum ProgressBar {
    /// `share` is 0…1; `width` is that of the bar alone.
    static func text(_ share: Double, width: Int) -> String {
        let share = min(1, max(0, share))
        let filled = Int((share * Double(width)).rounded())
        let percent = String(Int((share * 100).rounded(.down)))
        return "[" + String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled) + "] "
            + String(repeating: " ", count: max(0, 3 - percent.count)) + percent + " %"
    }
}
