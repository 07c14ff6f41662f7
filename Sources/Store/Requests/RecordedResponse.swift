/// The answer to a request that creates something, as it is kept for repetitions of the request.
package struct RecordedResponse: Sendable, Hashable {
    package let status: Int
    package let location: String?
    package let body: JSONText

    package init(status: Int, location: String? = nil, body: JSONText) {
        self.status = status
        self.location = location
        self.body = body
    }
}
