import Base
import Foundation
import Yams

/// The values of a YAML configuration file by their keys, with their lines.
struct ConfigurationFile {
    /// A value as it is written, without a type.
    struct Entry: Equatable {
        var text: String
        var line: Int
    }

    /// The members of one provider.
    struct Provider {
        var line: Int
        var members: [String: Entry]
        /// The members that are mappings of mappings, such as `prices` and `models`, by their keys.
        var tables: [String: [String: Row]] = [:]
        /// The members that are lists of texts, such as `omit`; an element that is no text is empty.
        var lists: [String: [Entry]] = [:]
    }

    /// A row of a table; without members when it is no mapping.
    struct Row {
        var line: Int
        var members: [String: Entry]?
    }

    /// One thing that may be granted to some tenants: `NAME: {tenants: [acme]}`, or `NAME:` for all.
    struct Granted {
        var line: Int
        /// Nil: all. An element that is no text is empty.
        var tenants: [Entry]?
    }

    /// The file's name in errors.
    let name: String
    private(set) var entries: [String: Entry] = [:]
    private(set) var providers: [String: Provider] = [:]
    /// The members of `secrets`, by name.
    private(set) var secrets: [String: Granted] = [:]
    /// `requests.allow` where it is a mapping of addresses; nil where it is a list, or not set.
    private(set) var addresses: [String: Granted]?
    private(set) var problems: [ConfigurationError.Problem] = []

    /// Reads the file at `path`; mistakes are in `problems`.
    init(path: String, name: String) {
        do {
            self.init(text: try String(contentsOfFile: path, encoding: .utf8), name: name)
        } catch {
            self.init(text: "", name: name)
            report("", line: nil, "cannot be read: \(error.localizedDescription)")
        }
    }

    init(text: String, name: String) {
        self.name = name
        do {
            guard let root = try Yams.compose(yaml: text) else { return }  // an empty file sets nothing
            if case .mapping(let members) = root {
                read(members, at: "")
            } else {
                report("", line: root.mark?.line, "must be a mapping of keys to values")
            }
        } catch {
            report("", line: nil, "is not valid YAML: \(error)")
        }
    }

    private mutating func read(_ members: Node.Mapping, at prefix: String) {
        for (key, value) in members {
            guard let name = key.scalar?.string else {
                report(prefix, line: key.mark?.line, "has a key that is not plain text")
                continue
            }
            let path = prefix.isEmpty ? name : prefix + "." + name
            let line = key.mark?.line ?? 0
            if path == "providers" {
                readProviders(value, line: line)
            } else if path == "secrets" {
                secrets = granted(value, at: path, line: line)
            } else if path == "requests.allow", case .mapping = value {
                addresses = granted(value, at: path, line: line)
            } else if Setting.groups.contains(path) {
                readGroup(value, at: path, line: line)
            } else if Setting.keys.contains(path) {
                if let entry = Setting.lists.contains(path) ? list(value, at: path, line: line) : entry(value, at: path, line: line) {
                    entries[path] = entry
                }
            } else {
                let group = prefix.isEmpty ? "" : prefix + "."
                let known = Set(
                    Setting.keys.filter { $0.hasPrefix(group) }.map { String($0.dropFirst(group.count).prefix { $0 != "." }) })
                report(path, line: line, Setting.unknown(among: known + (prefix.isEmpty ? ["providers", "secrets"] : [])))
            }
        }
    }

    private mutating func readGroup(_ value: Node, at path: String, line: Int) {
        if case .mapping(let members) = value { return read(members, at: path) }
        if !Self.isNull(value) { report(path, line: line, "must be a mapping of keys to values") }
    }

    private mutating func readProviders(_ value: Node, line: Int) {
        guard case .mapping(let members) = value else {
            if !Self.isNull(value) { report("providers", line: line, "must be a mapping of names to providers") }
            return
        }
        for (key, value) in members {
            guard let name = key.scalar?.string else { continue }
            let path = "providers." + name
            let line = key.mark?.line ?? line
            guard case .mapping(let attributes) = value else {
                report(path, line: line, "must be a mapping such as {kind: openai, base_url: …}")
                continue
            }
            var provider = Provider(line: line, members: [:])
            for (attribute, value) in attributes {
                guard let name = attribute.scalar?.string else { continue }
                let line = attribute.mark?.line ?? line
                if case .mapping(let rows) = value { provider.tables[name] = table(rows, at: path + "." + name) }
                if case .sequence(let elements) = value {
                    provider.lists[name] = elements.map { Entry(text: $0.scalar?.string ?? "", line: $0.mark?.line ?? line) }
                }
                // The key of a value with a structure is kept, so that the provider's reader can refuse it by name.
                if let entry = value.scalar == nil ? Entry(text: "", line: line) : entry(value, at: path + "." + name, line: line) {
                    provider.members[name] = entry
                }
            }
            providers[name] = provider
        }
    }

    private mutating func granted(_ value: Node, at path: String, line: Int) -> [String: Granted] {
        guard case .mapping(let members) = value else {
            if !Self.isNull(value) { report(path, line: line, "must be a mapping of names such as {NAME: {tenants: [acme]}}") }
            return [:]
        }
        var all: [String: Granted] = [:]
        for (key, value) in members {
            guard let name = key.scalar?.string else { continue }
            var granted = Granted(line: key.mark?.line ?? line)
            if case .mapping(let attributes) = value {
                for (attribute, value) in attributes {
                    let line = attribute.mark?.line ?? granted.line
                    guard attribute.scalar?.string == "tenants" else {
                        report("\(path).\(name).\(attribute.scalar?.string ?? "")", line: line, Setting.unknown(among: ["tenants"]))
                        continue
                    }
                    guard case .sequence(let elements) = value else {
                        report("\(path).\(name).tenants", line: line, "must be a list of tenants such as [acme]")
                        continue
                    }
                    granted.tenants = elements.map { Entry(text: $0.scalar?.string ?? "", line: $0.mark?.line ?? line) }
                }
            } else if !Self.isNull(value) {
                report("\(path).\(name)", line: granted.line, "must be a mapping such as {tenants: [acme]}")
            }
            all[name] = granted
        }
        return all
    }

    private mutating func table(_ rows: Node.Mapping, at path: String) -> [String: Row] {
        var table: [String: Row] = [:]
        for (key, value) in rows {
            guard let name = key.scalar?.string else { continue }
            var row = Row(line: key.mark?.line ?? 0)
            if case .mapping(let members) = value {
                row.members = [:]
                for (key, value) in members {
                    guard let member = key.scalar?.string else { continue }
                    row.members?[member] = entry(value, at: "\(path).\(name).\(member)", line: key.mark?.line ?? row.line)
                }
            }
            table[name] = row
        }
        return table
    }

    /// A list, or a single text with commas. Nil for an empty list, which counts as not set.
    private mutating func list(_ value: Node, at path: String, line: Int) -> Entry? {
        guard case .sequence(let elements) = value else { return entry(value, at: path, line: line) }
        let texts = elements.compactMap { entry($0, at: path, line: line)?.text }
        return texts.isEmpty ? nil : Entry(text: texts.joined(separator: ", "), line: line)
    }

    /// Nil for `null`, which counts as not set.
    private mutating func entry(_ value: Node, at path: String, line: Int) -> Entry? {
        guard let scalar = value.scalar else {
            report(path, line: line, "must be a single value")
            return nil
        }
        return Self.isNull(value) ? nil : Entry(text: scalar.string, line: line)
    }

    private mutating func report(_ key: String, line: Int?, _ detail: String) {
        problems.append(.init(key: key, source: name, line: line, detail: detail))
    }

    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
