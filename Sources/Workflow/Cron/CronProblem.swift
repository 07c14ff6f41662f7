/// Why a text is no cron expression.
package struct CronProblem: Error, Sendable, Equatable {
    /// Nil when the text as a whole is wrong.
    package let field: CronField?
    /// The character, counted from 1; nil when no single one is to blame.
    package let position: Int?
    /// As the end of a sentence: "must be from 0 to 23, not 25".
    package let detail: String
}

extension CronProblem: CustomStringConvertible {
    /// The end of a sentence about the whole expression.
    package var description: String {
        let place = [field.map { "in the \($0.name)" }, position.map { "at character \($0)" }].compactMap(\.self)
        return place.isEmpty ? detail : "is wrong \(place.joined(separator: ", ")): \(detail)"
    }
}
