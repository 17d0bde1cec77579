/// All keys and jobs of a ``FileJobStore``, in memory, with what finds them.
struct JobTable: Sendable {
    /// A job, and who works on it.
    struct Entry: Sendable {
        var job: Job
        /// Who claimed it last; nil after a restart, which ends all leases.
        var worker: String?
        var leaseEnd: UInt64 = 0
    }

    private(set) var keys: [String: APIKey] = [:]
    private(set) var entries: [String: Entry] = [:]
    /// Of all jobs.
    private var ids = SortedIDs()
    private var idsByKey: [String: SortedIDs] = [:]
    /// Of jobs in no final status.
    private var openIDs = SortedIDs()
    private var bytesByKey: [String: UInt64] = [:]
    private(set) var counts = JobCounts(queued: 0, processing: 0)

    // MARK: Changes

    mutating func put(_ key: APIKey) { keys[key.id] = key }

    mutating func removeKey(id: String) { keys[id] = nil }

    mutating func put(_ entry: Entry) {
        let job = entry.job
        let old = entries.updateValue(entry, forKey: job.id)
        if old == nil {
            ids.insert(job.id)
            idsByKey[job.keyID, default: SortedIDs()].insert(job.id)
        }
        if old?.job.status.isFinal ?? true && !job.status.isFinal { openIDs.insert(job.id) }
        if let old, !old.job.status.isFinal && job.status.isFinal { openIDs.remove(job.id) }
        count(old?.job, -1)
        count(job, 1)
        bytesByKey[job.keyID, default: 0] -= old?.job.storedBytes ?? 0
        bytesByKey[job.keyID, default: 0] += job.storedBytes
    }

    mutating func removeJob(id: String) {
        guard let job = entries.removeValue(forKey: id)?.job else { return }
        ids.remove(id)
        openIDs.remove(id)
        count(job, -1)
        bytesByKey[job.keyID, default: 0] -= job.storedBytes
        idsByKey[job.keyID]?.remove(id)
        if idsByKey[job.keyID]?.isEmpty ?? true {
            idsByKey[job.keyID] = nil
            bytesByKey[job.keyID] = nil
        }
    }

    mutating func renew(_ id: String, leaseEnd: UInt64, progress: Double) {
        entries[id]?.leaseEnd = leaseEnd
        entries[id]?.job.progress = progress
    }

    private mutating func count(_ job: Job?, _ change: Int) {
        switch job?.status {
        case .queued: counts.queued += change
        case .processing: counts.processing += change
        case .completed, .failed, .cancelled, nil: break
        }
    }

    // MARK: Questions

    func claimable(at now: UInt64) -> Job? {
        for id in openIDs.ascending {
            guard let entry = entries[id] else { continue }
            let since = entry.job.status == .queued ? entry.job.availableAt : entry.leaseEnd
            if since <= now { return entry.job }
        }
        return nil
    }

    func jobs(_ query: JobQuery) -> [Job] {
        let candidates = query.keyID.map { idsByKey[$0] ?? SortedIDs() } ?? ids
        var found: [Job] = []
        for id in candidates.descending(before: query.before) {
            if found.count >= query.limit { break }
            guard let job = entries[id]?.job, query.status == nil || query.status == job.status else { continue }
            found.append(job)
        }
        return found
    }

    func usage(of key: APIKey) -> StorageUsage {
        StorageUsage(
            keyName: key.name, jobs: idsByKey[key.id]?.count ?? 0, usedBytes: bytesByKey[key.id] ?? 0, quotaBytes: key.quotaBytes)
    }

    /// Throws where a key would hold more than its quota with `bytes` more.
    func checkRoom(for bytes: UInt64, of keyID: String) throws(JobStoreError) {
        guard let quota = keys[keyID]?.quotaBytes else { return }
        let used = bytesByKey[keyID] ?? 0
        if used > quota || bytes > quota - used { throw .quotaExceeded(usedBytes: used, quotaBytes: quota) }
    }

    /// What a new file would have to hold.
    func forEachRecord<E: Error>(_ body: (FileRecord) throws(E) -> Void) throws(E) {
        for key in keys.values { try body(FileRecord(key: key)) }
        for id in ids.ascending {
            if let entry = entries[id] { try body(FileRecord(job: entry.job)) }
        }
    }
}

/// Ids in their order. New ones are nearly always the greatest, so adding one costs nothing.
private struct SortedIDs: Sendable {
    private(set) var ascending: [String] = []

    var count: Int { ascending.count }
    var isEmpty: Bool { ascending.isEmpty }

    /// The index of the first that is not below `id`.
    private func position(of id: String) -> Int {
        var (low, high) = (0, ascending.count)
        if let last = ascending.last, last < id { return high }
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ id: String) {
        let position = position(of: id)
        if position == ascending.count || ascending[position] != id { ascending.insert(id, at: position) }
    }

    mutating func remove(_ id: String) {
        let position = position(of: id)
        if position < ascending.count && ascending[position] == id { ascending.remove(at: position) }
    }

    func descending(before id: String?) -> ReversedCollection<ArraySlice<String>> {
        ascending[..<(id.map(position(of:)) ?? ascending.count)].reversed()
    }
}
