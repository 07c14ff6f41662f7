/// Which drafts a judge is kept from by `exclude_own`.
///
/// Language models score their own texts higher than others do: Panickssery et al., "LLM Evaluators Recognize and Favor
/// Their Own Generations", NeurIPS 2024; Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", NeurIPS
/// 2023, 3.3 (self-enhancement bias).
package enum OwnDrafts {
    /// Whether the drafts of a writer are a judge's own: they are the same agent, or have a model in common, fallbacks
    /// included. Who edited a draft does not matter.
    package static func areOwn(writer: AgentDefinition, judge: AgentDefinition) -> Bool {
        writer.slug == judge.slug || writer.models.contains(where: judge.models.contains)
    }
}
