import Base
import ArgumentParser
import Foundation
import Workflow

/// The input of a task or a form: a JSON document, with single members over it.
struct TaskInput: ParsableArguments {
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A member of the input; repeat it for more. key=text gives a text, key:=json any JSON value.",
            valueName: "key=value"))
    var input: [String] = []

    @Option(help: ArgumentHelp("The whole input as JSON; - for standard input.", valueName: "file"))
    var inputJSON: String?

    func validate() throws {
        for member in input { _ = try Self.parse(member) }
    }

    /// Whether the command has any input.
    var isGiven: Bool { inputJSON != nil || !input.isEmpty }

    /// The input as a JSON object: the file, or else `base`, with the single members over it.
    func json(over base: JSON = [:]) throws -> JSON {
        var object = base.object == nil ? [:] : base
        if let inputJSON {
            do {
                object = try JSON(parsing: try InputFile.read(inputJSON))
            } catch let error as JSONParseError {
                throw CommandFailure("\(inputJSON) is not JSON: \(error)")
            }
            guard object.object != nil else { throw CommandFailure("\(inputJSON) must hold a JSON object") }
        }
        for member in input {
            let (key, value) = try Self.parse(member)
            object[key] = value
        }
        return object
    }

    private static func parse(_ member: String) throws -> (key: String, value: JSON) {
        guard let equals = member.firstIndex(of: "="), equals != member.startIndex else {
            throw ValidationError("--input takes key=text or key:=json, not '\(member)'")
        }
        let value = String(member[member.index(after: equals)...])
        let key = member[..<equals]
        guard key.last == ":", key.count > 1 else { return (String(key), .string(value)) }
        do {
            return (String(key.dropLast()), try JSON(parsing: value))
        } catch {
            throw ValidationError("--input \(key)=… is not JSON: \(error)")
        }
    }
}

/// Reads the files that commands take; `-` is standard input.
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
