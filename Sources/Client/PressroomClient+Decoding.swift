import Workflow

extension PressroomClient.Answer {
    /// The one object that the answer is.
    func document() throws(PressroomError) -> Document {
        let json = try json()
        guard json.object != nil else {
            throw PressroomError(code: .invalidResponse, status: status, title: "the answer is not a JSON object")
        }
        return Document(json)
    }

    /// A list: `{"items", "next"}`.
    func page<Item: Sendable>(of make: (Document) -> Item) throws(PressroomError) -> Page<Item> {
        let document = try document()
        guard let items = document.json["items"]?.array else {
            throw PressroomError(code: .invalidResponse, status: status, title: "the answer is not a list")
        }
        return Page(
            items: items.map { make(Document($0)) }, next: document.json["next"]?.string, document: document)
    }
}
