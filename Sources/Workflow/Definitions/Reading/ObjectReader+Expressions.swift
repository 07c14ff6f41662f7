extension ObjectReader {
    /// An SQL/JSON path.
    func expression(_ key: String, required isRequired: Bool = false) -> PathExpression? {
        let limit = PathExpression.maximumLength
        return (isRequired ? requiredText(key, atMost: limit) : text(key, atMost: limit)).map { PathExpression($0) }
    }
}
