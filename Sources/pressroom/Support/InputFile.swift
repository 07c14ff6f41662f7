import Foundation

/// Reads what commands take by path; `-` is standard input.
enum InputFile {
    static func read(_ path: String) throws(CommandFailure) -> Data {
        if path == "-" { return FileHandle.standardInput.readDataToEndOfFile() }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// As text, UTF-8.
    static func text(_ path: String) throws(CommandFailure) -> String {
        guard let text = String(data: try read(path), encoding: .utf8) else {
            throw CommandFailure("\(path) is not UTF-8")
        }
        return text
    }
}
