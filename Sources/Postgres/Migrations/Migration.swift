import Foundation

/// One migration: `NNNN_name.up.sql` and, if there is a way back, `NNNN_name.down.sql`.
package struct Migration: Sendable, Hashable {
    package let version: Int
    package let name: String
    package let up: String
    package let down: String?

    func fileName(_ direction: String) -> String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + "\(digits)_\(name).\(direction).sql"
    }

    /// Reads a directory, in the order of the versions. Other files in it are left alone; a file that ends in `.sql`
    /// and is not named like a migration is an error, as are two with the same version.
    package static func load(directory: String) throws(MigrationError) -> [Migration] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw MigrationError(code: .files, message: "cannot read the directory \(directory)")
        }
        var ups: [Int: (name: String, text: String)] = [:]
        var downs: [Int: (name: String, text: String)] = [:]
        for fileName in names.sorted() where fileName.hasSuffix(".sql") {
            guard let match = fileName.wholeMatch(of: #/([0-9]+)_([A-Za-z0-9_-]+)\.(up|down)\.sql/#),
                let version = Int(match.1), version > 0
            else {
                throw MigrationError(code: .files, message: "\(fileName) is not named NNNN_name.up.sql or .down.sql")
            }
            guard let text = try? String(contentsOfFile: "\(directory)/\(fileName)", encoding: .utf8) else {
                throw MigrationError(code: .files, message: "cannot read \(directory)/\(fileName) as UTF-8")
            }
            let file = (name: String(match.2), text: text)
            let previous = match.3 == "up" ? ups.updateValue(file, forKey: version) : downs.updateValue(file, forKey: version)
            if previous != nil {
                throw MigrationError(code: .files, message: "two files have version \(version) (\(match.3))")
            }
        }
        if let orphan = downs.keys.first(where: { ups[$0]?.name != downs[$0]?.name }) {
            throw MigrationError(code: .files, message: "version \(orphan) has a .down.sql without its .up.sql")
        }
        return ups.sorted { $0.key < $1.key }.map { version, up in
            Migration(version: version, name: up.name, up: up.text, down: downs[version]?.text)
        }
    }
}
