/// How the frames of a stream are cut into the body of its response.
package enum Framing: Sendable, Hashable {
    /// HTTP/1.1: each frame is a chunk (RFC 9112, section 7.1), its header part of the shared bytes.
    case chunked
    /// The protocol below frames the body (HTTP/2).
    case plain
}
