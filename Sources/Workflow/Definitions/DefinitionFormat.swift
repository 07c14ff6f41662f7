/// The notations in which a workflow is written.
package enum DefinitionFormat: String, Sendable, Hashable, CaseIterable {
    case json, yaml
}
