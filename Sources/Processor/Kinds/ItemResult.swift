import Workflow

/// What came of one element of a list.
enum ItemResult {
    case completed(JSON)
    /// With the error, as on a row.
    case failed(JSON)

    /// How the phase ended: with `items` in the order of the list. Where a failure is let pass, its place holds null and
    /// `errors` says why, with its `index`; otherwise the first one fails the phase.
    static func conclusion(_ results: [ItemResult], _ definition: PhaseDefinition) -> PhaseConclusion {
        var items: [JSON] = []
        var errors: [JSON] = []
        for (index, result) in results.enumerated() {
            switch result {
            case .completed(let output):
                items.append(output)
            case .failed(let error):
                guard definition.onFailure == .continue else {
                    return .failed(
                        StepFailure(
                            code: error["code"]?.string ?? "item_failed",
                            message: "Item \(index): \(error["message"]?.string ?? "It failed.")", isRetryable: false))
                }
                items.append(.null)
                errors.append([
                    "index": .integer(Int64(index)), "code": error["code"] ?? .null, "message": error["message"] ?? .null,
                ])
            }
        }
        return .completed(["items": .array(items), "errors": .array(errors)])
    }
}
