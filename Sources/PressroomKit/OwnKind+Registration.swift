import Foundation
import Processor
import Workflow

extension OwnKind {
    /// The kind as the processor and the reader of definitions know it.
    var registered: RegisteredKind {
        RegisteredKind(
            name: name, check: { attributes in mistakes(in: attributes) },
            run: { call in
                let attributes: Attributes
                do {
                    attributes = try Coding.decode(Attributes.self, from: call.attributes)
                } catch {
                    // Published when the kind took other attributes.
                    throw StepFailure(code: "invalid_attributes", message: "\(Coding.problem(error))", isRetryable: false)
                }
                do {
                    return try Coding.encode(try await run(attributes, StepCall(call)))
                } catch let error as StepError {
                    throw StepFailure(
                        code: error.code, message: error.message, isRetryable: error.isRetryable, retryAfter: error.retryAfter)
                }
            })
    }

    private func mistakes(in json: JSON) -> [Problem] {
        let attributes: Attributes
        do {
            attributes = try Coding.decode(Attributes.self, from: json)
        } catch {
            return [Coding.problem(error)]
        }
        // A key that was read comes back when the attributes are written.
        let known = (try? Coding.encode(attributes).object) ?? [:]
        let unknown = (json.object ?? [:]).filter { !$0.value.isNull && known[$0.key] == nil }.keys.sorted()
        return unknown.map { Problem(pointer: JSONPointer.appending($0, to: ""), detail: "is not a known key") }
            + problems(in: attributes).map { Problem(pointer: JSONPointer.appending($0.key, to: ""), detail: $0.detail) }
    }
}
