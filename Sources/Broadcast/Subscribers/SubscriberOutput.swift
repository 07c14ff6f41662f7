package import NIOCore

/// Where a subscriber's bytes go: a connection, used on its event loop only.
package protocol SubscriberOutput: AnyObject {
    /// False while more than the high-water mark is unsent.
    var isWritable: Bool { get }
    /// What was written and has not reached the kernel, in bytes.
    var unsentBytes: Int { get }
    /// Sends the bytes as they are.
    func write(_ bytes: ByteBuffer)
    /// Drops the connection and what is unsent.
    func drop()
}
