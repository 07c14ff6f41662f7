import Workflow

extension PressroomClient {
    /// Whether a Pressroom service answers there, healthy or not.
    ///
    /// - Throws: `unreachable` when nobody answers.
    public func isPressroom() async throws -> Bool {
        do {
            _ = try await call(.get, Path("workflows").with("limit", "1").text).page { $0 }
            return true
        } catch let error as PressroomError where error.code != .unreachable {
            // 401 and 503 are ours when they come as our problem details.
            return error.code == .refused && error.type?.hasPrefix("urn:pressroom:") == true
        }
    }
}
