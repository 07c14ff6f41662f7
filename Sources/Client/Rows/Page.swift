/// A part of a list, newest first.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// What `after:` takes for the next part; nil on the last.
    public let next: String?
    /// The answer as a whole: `{"items": […], "next": …}`.
    public let document: Document
}

extension Page: Equatable where Item: Equatable {}
