/// How the configuration that is in use came to be.
struct ConfigurationStatus: Equatable, Sendable {
    /// When it was taken over; nanoseconds since 1970.
    var loadedAt: UInt64
    /// Why the last attempt to take another one over failed; nil after a success.
    var lastError: String?
}
