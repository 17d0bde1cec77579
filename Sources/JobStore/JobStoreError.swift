package enum JobStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case keyNameTaken(String)
    case quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64)
    /// The store can't be reached now; a later call may succeed. The text says where and why.
    case unavailable(String)
    /// The store refuses, and will again: a broken file, a schema that is newer than this program.
    case broken(String)

    package var description: String {
        switch self {
        case .keyNameTaken(let name): "there is a key named \(name) already"
        case .quotaExceeded(let used, let quota): "the quota of \(quota) bytes would be passed: \(used) are used"
        case .unavailable(let text): "the job store can't be reached: \(text)"
        case .broken(let text): "the job store can't be used: \(text)"
        }
    }
}
