extension ObjectReader {
    /// An SQL/JSON path.
    func expression(_ key: String, required isRequired: Bool = false) -> PathExpression? {
        let limit = PathExpression.maximumLength
        return (isRequired ? requiredText(key, atMost: limit) : text(key, atMost: limit)).map { PathExpression($0) }
    }

    /// True or false.
    func flag(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else {
            mismatch("true or false", value, at: key)
            return nil
        }
        return flag
    }
}
