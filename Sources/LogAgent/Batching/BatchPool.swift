import Synchronization

/// Keeps the memory of finished batches for the next ones, so that steady work allocates nothing and the allocator cannot
/// fragment. Shared by the thread that fills batches and those that send them.
final class BatchPool: Sendable {
    /// `@unchecked Sendable`: a storage in the pool is reached by nobody else, and the pool's lock guards it.
    private struct Free: @unchecked Sendable {
        var storages: [BatchStorage] = []
        var bytes = 0
    }

    /// What a new batch starts with.
    private let initialBytes: Int
    /// More than this is given back to the system.
    private let retainedBytes: Int
    private let free = Mutex(Free())

    init(initialBytes: Int = 16 << 10, retainedBytes: Int = 4 << 20) {
        self.initialBytes = initialBytes
        self.retainedBytes = retainedBytes
    }

    /// An empty storage; the largest that is free, because what was needed once will be again.
    func take() -> BatchStorage {
        let reused = free.withLock { free -> Free? in
            guard let index = free.storages.indices.max(by: { free.storages[$0].capacity < free.storages[$1].capacity }) else { return nil }
            let storage = free.storages.remove(at: index)
            free.bytes -= storage.reservedBytes
            return Free(storages: [storage])
        }
        return reused?.storages.first ?? BatchStorage(capacity: initialBytes)
    }

    /// `storage` must not be used by the caller afterwards.
    func giveBack(_ storage: BatchStorage) {
        storage.removeAll()
        let given = Free(storages: [storage])
        free.withLock { free in
            guard let storage = given.storages.first, free.bytes + storage.reservedBytes <= retainedBytes else { return }
            free.bytes += storage.reservedBytes
            free.storages.append(storage)
        }
    }

    /// Gives all free memory back to the system: for times without work.
    func trim() {
        free.withLock { $0 = Free() }
    }

    /// Memory that is kept for later.
    var freeBytes: Int { free.withLock { $0.bytes } }
}
