/// Guesses what a prompt is about.
enum RehearsalTopic {
    private static let longest = 8
    private static let markers = [" about ", " on the topic of ", " on ", "topic: "]
    private static let ends: Set<Character> = [".", "!", "?", "\n", ";", ":"]

    /// What follows "about" or "on" in the first line that has it, else the first words of the prompt.
    static func topic(of prompt: String) -> String {
        for line in prompt.split(whereSeparator: \.isNewline) {
            let lowercased = line.lowercased()
            // Lowercasing may change the length of a text; then positions would not carry over.
            guard lowercased.count == line.count else { continue }
            for marker in markers {
                guard let range = lowercased.firstRange(of: marker) else { continue }
                let offset = lowercased.distance(from: lowercased.startIndex, to: range.upperBound)
                let topic = phrase(line.dropFirst(offset))
                if !topic.isEmpty { return topic }
            }
        }
        let topic = phrase(prompt.drop(while: \.isWhitespace))
        return topic.isEmpty ? "this subject" : topic
    }

    private static func phrase(_ text: some StringProtocol) -> String {
        var sentence = ""
        var previous: Character?
        for character in text {
            // A full stop inside "1.0" or "e.g." ends nothing.
            if let previous, ends.contains(previous), character.isWhitespace { break }
            sentence.append(character)
            previous = character
            if character.isNewline { break }
        }
        let words = sentence.split(whereSeparator: \.isWhitespace)
        let audience = words.dropFirst().firstIndex(of: "for") ?? words.endIndex
        let kept = words[..<min(audience, longest)].joined(separator: " ")
        let trimmed = kept.drop { ends.contains($0) || "\"'“”,".contains($0) }
        return String(trimmed.reversed().drop { ends.contains($0) || "\"'“”,".contains($0) }.reversed())
    }
}
