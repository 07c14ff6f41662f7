/// Everything that is wrong with a configuration, at once.
package struct ConfigurationError: Error, Sendable, Equatable {
    /// One mistake: what was set, where, and what is wrong with it.
    package struct Problem: Sendable, Hashable {
        /// `http.port`; empty when a file as a whole is meant.
        package var key: String
        /// `--port`, `PRESSROOM_HTTP_PORT`, `pressroom.yaml`.
        package var source: String
        /// In the file, counted from 1.
        package var line: Int?
        /// The end of a sentence about the key.
        package var detail: String

        package init(key: String, source: String, line: Int? = nil, detail: String) {
            self.key = key
            self.source = source
            self.line = line
            self.detail = detail
        }
    }

    package var problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    package var description: String {
        let place = line.map { "\(source), line \($0)" } ?? source
        return [place, key].filter { !$0.isEmpty }.joined(separator: ": ") + " " + detail
    }
}

extension ConfigurationError: CustomStringConvertible {
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
