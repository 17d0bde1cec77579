/// Who may use the API. The key itself is not kept.
package struct APIKey: Equatable, Sendable, Codable {
    /// UUID version 7.
    package let id: String
    /// Unique; what logs and metrics show.
    package let name: String
    /// SHA-256 of the key: 32 bytes. Keys are random and long, so no slow hash is needed.
    package let hash: [UInt8]
    /// Of inputs and outputs together; nil: no limit.
    package let quotaBytes: UInt64?
    package let createdAt: UInt64

    package init(id: String, name: String, hash: [UInt8], quotaBytes: UInt64?, createdAt: UInt64) {
        self.id = id
        self.name = name
        self.hash = hash
        self.quotaBytes = quotaBytes
        self.createdAt = createdAt
    }
}

/// What a key holds.
package struct StorageUsage: Equatable, Sendable {
    package var keyName: String
    package var jobs: Int
    package var usedBytes: UInt64
    package var quotaBytes: UInt64?

    package init(keyName: String, jobs: Int, usedBytes: UInt64, quotaBytes: UInt64?) {
        self.keyName = keyName
        self.jobs = jobs
        self.usedBytes = usedBytes
        self.quotaBytes = quotaBytes
    }
}
