import Synchronization

/// What uploads that are on their way have received, by key. The job store knows of an upload when it is whole; until then this keeps
/// uploads at once from passing a quota together.
final class UploadReservations: Sendable {
    private let bytes = Mutex<[String: UInt64]>([:])

    /// Gives what the key's uploads have received with these.
    func add(_ count: UInt64, to keyID: String) -> UInt64 {
        bytes.withLock { bytes in
            bytes[keyID, default: 0] += count
            return bytes[keyID] ?? 0
        }
    }

    func remove(_ count: UInt64, from keyID: String) {
        bytes.withLock { bytes in
            let rest = (bytes[keyID] ?? 0) - min(count, bytes[keyID] ?? 0)
            bytes[keyID] = rest == 0 ? nil : rest
        }
    }

    var keys: Int { bytes.withLock { $0.count } }
}
