/// Finds the known name that a misspelt one probably means.
package enum NearestName {
    /// The name with the smallest edit distance from `text`; nil when none is near for its length.
    package static func of(_ text: String, among names: [String]) -> String? {
        let limit = min(3, max(1, text.count / 3))
        guard text.count <= 64 else { return nil }
        let near = names.filter { abs($0.utf8.count - text.utf8.count) <= 4 * limit }
        let scored = near.map { (name: $0, distance: distance(text.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
        return best.name
    }

    /// "; did you mean 'name'?", or nothing.
    package static func hint(_ text: String, among names: [String]) -> String {
        of(text, among: names).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    package static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left), b = Array(right)
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
