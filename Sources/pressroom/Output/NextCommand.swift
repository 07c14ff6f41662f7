import Base
import Client
import Foundation

/// Commands that a person can copy.
struct NextCommand {
    let baseURL: String

    /// Answers a question, with the required members of its form.
    func answering(_ question: HumanTaskRecord) -> String {
        let form = question.formSchema
        let required = form["required"]?.array?.compactMap(\.string) ?? []
        let inputs = required.map { key in " --input " + Self.input(key, form["properties"]?[key] ?? [:]) }
        return "pressroom inbox complete \(question.id)\(inputs.joined())\(address)"
    }

    /// Sends a signal.
    func signalling(_ name: String, _ taskID: String) -> String {
        "pressroom task signal \(taskID) \(Self.quoted(name))\(address)"
    }

    func watching(_ taskID: String) -> String {
        "pressroom task watch \(taskID)\(address)"
    }

    func listingCalls(_ taskID: String) -> String {
        "pressroom call list --task \(taskID)\(address)"
    }

    /// Where the program would not find the service by itself.
    private var address: String {
        let known = ProcessInfo.processInfo.environment["PRESSROOM_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? "http://127.0.0.1:8080"
        return known.hasPrefix(baseURL) && known.dropFirst(baseURL.count).allSatisfy { $0 == "/" } ? "" : " --url \(Self.quoted(baseURL))"
    }

    /// A member of an answer with a placeholder: which of the values is the person's choice.
    private static func input(_ key: String, _ schema: JSON) -> String {
        if let values = schema["enum"]?.array, !values.isEmpty {
            let isText = values.allSatisfy { $0.string != nil }
            return quoted("\(key)\(isText ? "" : ":")=" + values.map { $0.string ?? $0.text }.joined(separator: "|"))
        }
        switch schema["type"]?.string {
        case "boolean": return quoted("\(key):=true|false")
        case "string": return quoted("\(key)=…")
        default: return quoted("\(key):=…")
        }
    }

    /// For a POSIX shell.
    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-_.,:=/@%+".utf8.contains(byte)
            }
        }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
