/// The version of this program.
package enum ServiceVersion {
    package static let text = "0.1.0"
}
