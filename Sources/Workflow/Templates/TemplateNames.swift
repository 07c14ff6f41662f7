import Base

/// Finds the names in a template that name nothing, whatever the task.
///
/// A name that may come from somewhere, because its value may have members that are not declared, passes unless it is
/// nearly one that is.
struct TemplateNames {
    /// What the template sees at its beginning.
    let root: TemplateShape.Members
    /// Of the members of `root`, those that a mistyped name may mean although others may be there.
    let likely: [String]
    /// Phases of the workflow, for the hint where one is named that cannot be seen.
    let phases: Set<String>

    /// The functions of the template engine, of lists, texts, numbers, and of the place in a list.
    private static let functions: Set<String> = [
        "first", "last", "reversed", "count", "empty", "capitalized", "lowercased", "uppercased", "equalzero", "plusone",
        "minusone", "even", "odd", "index", "sorted",
    ]

    /// A template that cannot be parsed has no problems here.
    ///
    /// - Parameter searches: how often a near name may still be searched for, which takes time. Afterwards every name passes
    ///   that may come from somewhere.
    func problems(in template: String, searches: inout Int) -> [String] {
        guard template.contains("{"), let tags = try? TemplateScan.tags(of: template) else { return [] }
        var walk = Walk(names: self, searches: searches)
        for tag in tags where walk.problems.count < Self.maxProblems { walk.visit(tag) }
        searches = walk.searches
        return walk.problems
    }

    private static let maxProblems = 20

    /// The places of a template in sections: the value that each is about.
    private struct Walk {
        let names: TemplateNames
        /// The innermost last; nil for a section that is about no other value than the one around it.
        private var sections: [TemplateShape?] = []
        private(set) var problems: [String] = []
        private(set) var searches: Int

        init(names: TemplateNames, searches: Int) {
            self.names = names
            self.searches = searches
        }

        mutating func visit(_ tag: TemplateTag) {
            if tag.kind == .end {
                _ = sections.popLast()
                return
            }
            let shape = shape(of: tag)
            switch (tag.kind, shape) {
            case (.section, .list(let element)): sections.append(element)
            case (.section, .object), (.section, .any): sections.append(shape)
            case (.section, .scalar), (.invertedSection, _): sections.append(nil)
            default: break
            }
        }

        private mutating func shape(of tag: TemplateTag) -> TemplateShape {
            for function in tag.functions where !TemplateNames.functions.contains(function) {
                report("calls '\(function.prefix(80))', which is no function" + hint(near(function, TemplateNames.functions.sorted())))
                return .any
            }
            return tag.functions.reversed().reduce(named(tag)) { shape, function in Self.shape(of: function, shape) }
        }

        /// What a function makes of a value.
        private static func shape(of function: String, _ shape: TemplateShape) -> TemplateShape {
            switch (function, shape) {
            case ("first", .list(let element)), ("last", .list(let element)): element
            case ("reversed", .list), ("sorted", .list): shape
            case (_, .any), (_, .object): .any
            default: .scalar
            }
        }

        private mutating func named(_ tag: TemplateTag) -> TemplateShape {
            if tag.name == "." { return sections.last.flatMap(\.self) ?? .any }
            if tag.name.isEmpty {
                // `{{index()}}` is about the place in the list.
                if tag.functions.isEmpty { report("has a tag without a name") }
                return .any
            }
            let path = tag.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard !path.contains("") else {
                report("names '\(tag.name.prefix(80))', and a part of that name is empty")
                return .any
            }
            return find(path)
        }

        private mutating func find(_ path: [String]) -> TemplateShape {
            var candidates: [String] = []
            var mayBeThere = false
            for section in sections.reversed() {
                switch section {
                case nil, .scalar: continue
                case .any: return .any
                case .list: continue
                case .object(let members):
                    if let shape = members.known[path[0]] { return find(path, from: shape) }
                    candidates += members.names
                    if members.isOpen { mayBeThere = true }
                }
            }
            if let shape = names.root.known[path[0]] { return find(path, from: shape) }
            if names.root.isOpen {
                mayBeThere = true
                candidates += names.likely
                // Members of what only the service makes.
                if path.count > 1 { candidates += ["phases", "input", "context", "config", "task"] }
            } else {
                candidates += names.root.names
            }
            let near = near(path[0], candidates)
            guard near != nil || !mayBeThere else { return .any }
            let name = path[0].prefix(80)
            report((path.count == 1 ? "names '\(name)', which nothing brings" : "names '\(shown(path))', and nothing brings '\(name)'") + hint(near))
            return .any
        }

        /// Goes on from the value of the first part of a name.
        private mutating func find(_ path: [String], from first: TemplateShape) -> TemplateShape {
            var shape = first
            for (index, part) in path.enumerated().dropFirst() {
                let before = path[..<index].joined(separator: ".")
                switch shape {
                case .any:
                    return .any
                case .scalar:
                    report("names '\(shown(path))', and '\(before)' has no members")
                    return .any
                case .list(let element):
                    guard Int(part) != nil else {
                        report("names '\(shown(path))', and '\(before)' is a list: name a place in it, such as '\(before).0'")
                        return .any
                    }
                    shape = element
                case .object(let members):
                    if let next = members.known[part] {
                        shape = next
                        continue
                    }
                    let near = near(part, members.names)
                    if members.isOpen, near == nil { return .any }
                    if before == "phases" {
                        report(names.unseen(part, members.names))
                    } else {
                        report("names '\(shown(path))', and '\(before)' has no '\(part.prefix(80))'" + hint(near))
                    }
                    return .any
                }
            }
            return shape
        }

        private mutating func near(_ name: String, _ names: [String]) -> String? {
            guard searches > 0 else { return nil }
            searches -= 1
            return NearestName.of(name, among: names)
        }

        private func shown(_ path: [String]) -> String { String(path.joined(separator: ".").prefix(120)) }

        private func hint(_ near: String?) -> String { near.map { "; did you mean '\($0)'?" } ?? "" }

        private mutating func report(_ detail: String) {
            if !problems.contains(detail), problems.count < TemplateNames.maxProblems { problems.append(detail) }
        }
    }

    private func unseen(_ phase: String, _ visible: [String]) -> String {
        "reads the phase '\(phase.prefix(80))', which does not come before it"
            + (phases.contains(phase) ? "" : NearestName.hint(phase, among: visible))
    }
}
