extension PressroomClient {
    /// Who the service takes the caller for, and what that one may do.
    public func me() async throws -> Document {
        try await call(.get, Path("me")).document()
    }
}
