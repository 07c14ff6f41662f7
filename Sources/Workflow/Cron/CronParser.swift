import Base

/// Reads a cron expression from left to right; throws the first mistake with its place.
struct CronParser {
    struct Field {
        var set = CronSet()
        var beginsWithStar = false
    }

    struct Fields {
        private var fields = [Field](repeating: Field(), count: CronField.allCases.count)

        subscript(field: CronField) -> Field {
            get { fields[field.rawValue] }
            set { fields[field.rawValue] = newValue }
        }
    }

    private typealias Part = ArraySlice<Unicode.Scalar>

    /// Longer texts are refused before they are read.
    static let maxLength = 200

    /// `@hourly` and its like, as crontab(5) has them.
    static let words = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    private let text: String
    private var field: CronField?

    init(_ text: String) {
        self.text = text
    }

    mutating func parse() throws(CronProblem) -> Fields {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count <= Self.maxLength else {
            throw problem("must have at most \(Self.maxLength) characters")
        }
        let parts = scalars.split { $0 == " " || $0 == "\t" }
        guard let first = parts.first else { throw problem("must not be empty") }
        if first.first == "@" { return try word(parts) }
        guard parts.count == CronField.allCases.count else {
            throw problem(
                "must have five fields (minute, hour, day of month, month, day of week), not \(parts.count)"
                    + (parts.count == 6 ? "; there is none for seconds" : ""))
        }
        var fields = Fields()
        for (field, part) in zip(CronField.allCases, parts) {
            self.field = field
            fields[field] = Field(set: try set(field, part), beginsWithStar: part.first == "*")
        }
        return fields
    }

    private mutating func word(_ parts: [Part]) throws(CronProblem) -> Fields {
        let word = Self.string(parts[0]).lowercased()
        guard let meaning = Self.words[word] else {
            throw problem("must be one of \(Self.words.keys.sorted().joined(separator: ", ")), where it begins with @")
        }
        guard parts.count == 1 else { throw problem("must have nothing after \(word)", at: parts[1]) }
        var parser = CronParser(meaning)
        return try parser.parse()
    }

    private func set(_ field: CronField, _ text: Part) throws(CronProblem) -> CronSet {
        var set = CronSet()
        for element in text.split(separator: ",", omittingEmptySubsequences: false) {
            set.formUnion(try values(field, element))
        }
        if field == .dayOfWeek, set.contains(7) {
            set.insert(0)
            set.remove(7)
        }
        return set
    }

    private func values(_ field: CronField, _ element: Part) throws(CronProblem) -> CronSet {
        let pieces = element.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let range = try range(field, pieces[0], hasStep: pieces.count == 2)
        let step = pieces.count == 2 ? try number(pieces[1], in: 1...field.range.upperBound, "a step") : 1
        var set = CronSet()
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { set.insert(value) }
        return set
    }

    private func range(_ field: CronField, _ text: Part, hasStep: Bool) throws(CronProblem) -> ClosedRange<Int> {
        if text.elementsEqual("*".unicodeScalars) { return field.every }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let low = try value(field, ends[0])
        guard ends.count == 2 else {
            if hasStep { throw problem("needs * or a range before a step, as in */5 or 10-40/10", at: text) }
            return low...low
        }
        var high = try value(field, ends[1])
        if field == .dayOfWeek, high == 0, low > 0 { high = 7 }  // fri-sun
        guard low <= high else { throw problem("must not have a range that ends before it begins", at: text) }
        return low...high
    }

    /// A number or a name.
    private func value(_ field: CronField, _ text: Part) throws(CronProblem) -> Int {
        if let index = field.names.firstIndex(of: Self.string(text).lowercased()) {
            return field.range.lowerBound + index
        }
        return try number(text, in: field.range, nil)
    }

    private func number(_ text: Part, in range: ClosedRange<Int>, _ what: String?) throws(CronProblem) -> Int {
        let subject = what.map { "must have \($0) from" } ?? "must be from"
        let bounds = "\(subject) \(range.lowerBound) to \(range.upperBound)"
        guard !text.isEmpty else { throw problem("\(bounds), but nothing is there", at: text) }
        guard text.count <= 4, text.allSatisfy({ ("0"..."9").contains($0) }), let number = Int(Self.string(text)) else {
            if text.first == "?" { throw problem("must be * where any value will do; ? is not known", at: text) }
            let names = field.map(\.names) ?? []
            let hint = what == nil && !names.isEmpty ? ", or one of \(names.joined(separator: " "))" : ""
            throw problem("\(bounds)\(hint), not '\(Self.string(text.prefix(20)))'", at: text)
        }
        guard range.contains(number) else { throw problem("\(bounds), not \(number)", at: text) }
        return number
    }

    private func problem(_ detail: String, at part: Part? = nil) -> CronProblem {
        CronProblem(field: field, position: part.map { $0.startIndex + 1 }, detail: detail)
    }

    private static func string(_ part: Part) -> String {
        String(String.UnicodeScalarView(part))
    }
}

/// The five fields of a cron expression, in their order; see crontab(5).
package enum CronField: Int, Sendable, CaseIterable {
    case minute, hour, dayOfMonth, month, dayOfWeek

    package var name: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        }
    }

    /// The values that may be written; both 0 and 7 are Sunday.
    var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The values of `*`.
    var every: ClosedRange<Int> { self == .dayOfWeek ? 0...6 : range }

    /// Names for the first values of the range.
    var names: [String] {
        switch self {
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        default: []
        }
    }
}

/// Why a text is no cron expression.
package struct CronProblem: Error, Sendable, Equatable {
    /// Nil when the whole text is wrong.
    package let field: CronField?
    /// The character, counted from 1; nil when the mistake has no single one.
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
