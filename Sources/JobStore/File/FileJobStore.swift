import Glibc
import Synchronization
import SystemIO

/// Jobs and keys in one append-only file of a directory, for one instance. All of them are in memory too.
///
/// A call that has changed something returns once that is on the device (`fdatasync(2)`; calls at once share one). Leases and progress
/// are in memory only: the directory's lock shows that whoever held a lease has ended, so that opening it ends all leases.
package final class FileJobStore: JobStoring {
    /// What happened to the file that an operator should know of.
    package enum Event: Equatable, Sendable {
        /// A crash left part of a record that was being written; it was cut off. Nobody was told that it was stored.
        case tornRecordRemoved(path: String, atByte: UInt64, bytes: UInt64)
        case compacted(path: String, fromBytes: UInt64, toBytes: UInt64)
        /// The file grows on, and it is tried again later.
        case compactionFailed(path: String, reason: String)
    }

    private struct State: Sendable {
        var table: JobTable
        /// nil once closed.
        var file: RecordFile?
        var bytes: UInt64
        /// The file is rewritten when it reaches this size.
        var compactionBytes: UInt64
        /// Of records written, and of those that are on the device.
        var written: UInt64 = 0
        var synchronized: UInt64 = 0
        /// Why nothing can be stored any more.
        var failure: JobStoreError?
    }

    private let path: String
    private let directory: String
    private let minimumCompactionBytes: UInt64
    private let observer: @Sendable (Event) -> Void
    private let lock: Mutex<FileDescriptor?>
    private let state: Mutex<State>
    private let synchronizing = Mutex(())
    private let work = WorkSignal()

    /// Opens the store in `directory`, and makes it where there is none. Throws ``JobStoreError/broken(_:)`` when another instance has it,
    /// and when the file is damaged before its end.
    ///
    /// The file is rewritten without what is outdated when it has doubled since the last time and has `minimumCompactionBytes`.
    package init(
        directory: String, minimumCompactionBytes: UInt64 = 1 << 20, observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) throws(JobStoreError) {
        path = directory + "/jobs.log"
        self.directory = directory
        self.minimumCompactionBytes = minimumCompactionBytes
        self.observer = observer
        lock = Mutex(try Self.locked(directory))
        var (state, event) = try Self.load(path, minimumCompactionBytes)
        if let event { observer(event) }
        if state.bytes >= state.compactionBytes || state.bytes == 0 {
            let isNew = state.bytes == 0
            let event = Self.compact(&state, path, directory, minimumCompactionBytes)
            // Without a first record there is no file to go on with.
            if case .compactionFailed(_, let reason) = event, isNew { throw .broken(reason) }
            if !isNew { observer(event) }
        }
        self.state = Mutex(state)
    }

    deinit { close() }

    /// Makes the directory, and locks it for as long as the descriptor is open.
    private static func locked(_ directory: String) throws(JobStoreError) -> FileDescriptor {
        do throws(SystemError) {
            try Directory.create(directory)
            let lock = try FileDescriptor(opening: directory + "/lock", O_RDWR | O_CREAT)
            if flock(lock.rawValue, LOCK_EX | LOCK_NB) != 0 { throw SystemError(call: "flock", subject: directory + "/lock") }
            return lock
        } catch {
            if error.call == "flock" && error.code == EWOULDBLOCK {
                throw .broken("\(directory) is in use by another instance; several instances can share a store only with `database_url`")
            }
            throw .broken("\(error); check `data_dir`")
        }
    }

    private static func load(_ path: String, _ minimumCompactionBytes: UInt64) throws(JobStoreError) -> (State, Event?) {
        let file: RecordFile
        do throws(SystemError) {
            file = try RecordFile(opening: path)
        } catch {
            throw .broken("\(error); check `data_dir`")
        }
        var table = JobTable()
        var live: [String: UInt64] = [:]
        let content = try file.read { (bytes, offset) throws(JobStoreError) in
            let record = try StoredJSON.decode(FileRecord.self, from: bytes, of: "the record at byte \(offset) of \(path)")
            if offset == 0 && record.format != FileRecord.currentFormat {
                throw .broken(
                    "\(path) has format \(record.format.map(String.init) ?? "none"), this version reads \(FileRecord.currentFormat); "
                        + "use the version that wrote it")
            }
            let size = UInt64(bytes.count + 10)
            if let key = record.key {
                table.put(key)
                live[key.id] = size
            } else if let id = record.removedKey {
                table.removeKey(id: id)
                live[id] = nil
            } else if let job = record.job {
                table.put(JobTable.Entry(job: job))
                live[job.id] = size
            } else if let id = record.removedJob {
                table.removeJob(id: id)
                live[id] = nil
            }
        }
        var event: Event?
        if content.tornBytes > 0 {
            do throws(SystemError) {
                try file.truncate(to: content.validBytes)
                try file.synchronize()
            } catch {
                throw .broken("\(error)")
            }
            event = .tornRecordRemoved(path: path, atByte: content.validBytes, bytes: content.tornBytes)
        }
        let liveBytes = live.values.reduce(0, +)
        return (
            State(
                table: table, file: file, bytes: content.validBytes, compactionBytes: max(minimumCompactionBytes, 2 * liveBytes),
                written: UInt64(content.records), synchronized: UInt64(content.records)), event
        )
    }

    // MARK: Writing

    /// Makes the record and the change of the table that `change` gives, in one step; nil: there is nothing to change.
    private func write<Result: Sendable>(
        _ change: (inout State) throws(JobStoreError) -> (record: FileRecord?, apply: (inout JobTable) -> Void, result: Result)
    ) throws(JobStoreError) -> Result {
        var event: Event?
        let (result, number) = try state.withLock { (state) throws(JobStoreError) -> (Result, UInt64?) in
            let file = try Self.usable(state)
            let (record, apply, result) = try change(&state)
            guard let record else { return (result, nil) }
            let line = RecordFile.line(of: try StoredJSON.encode(record))
            do throws(SystemError) {
                try file.append(line)
            } catch {
                // Part of it may be there, and would damage what follows.
                do throws(SystemError) {
                    try file.truncate(to: state.bytes)
                } catch {
                    state.failure = .broken("\(error) after a write that failed; restart")
                }
                throw .unavailable("\(error)")
            }
            state.bytes += UInt64(line.count)
            state.written += 1
            let number = state.written
            apply(&state.table)
            if state.bytes >= state.compactionBytes { event = Self.compact(&state, path, directory, minimumCompactionBytes) }
            return (result, number)
        }
        if let event { observer(event) }
        if let number { try synchronize(through: number) }
        return result
    }

    private static func usable(_ state: State) throws(JobStoreError) -> RecordFile {
        if let failure = state.failure { throw failure }
        guard let file = state.file else { throw .unavailable("it is closed") }
        return file
    }

    /// Returns once the record with this number is on the device. Whoever comes first does it for all that wait.
    private func synchronize(through number: UInt64) throws(JobStoreError) {
        try synchronizing.withLock { (_) throws(JobStoreError) in
            let (file, written, isDone) = try state.withLock { (state) throws(JobStoreError) in
                if state.synchronized >= number { return (nil as RecordFile?, state.written, true) }
                return (try Self.usable(state), state.written, false)
            }
            guard !isDone, let file else { return }
            do throws(SystemError) {
                try file.synchronize()
            } catch {
                // The kernel may have dropped what it could not write, and would say that all is well the next time.
                let failure = JobStoreError.broken("\(error); what was written last may be lost; restart once the disk is well")
                state.withLock { $0.failure = failure }
                throw failure
            }
            state.withLock { $0.synchronized = max($0.synchronized, written) }
        }
    }

    /// Replaces the file by one with the current records only. On an error the old one stands.
    private static func compact(_ state: inout State, _ path: String, _ directory: String, _ minimumBytes: UInt64) -> Event {
        let temporary = path + ".new"
        let before = state.bytes
        do throws(JobStoreError) {
            let (file, size) = try written(state.table, to: temporary, for: path)
            if rename(temporary, path) < 0 {
                throw .unavailable("\(SystemError(call: "rename", subject: "\(temporary) to \(path)"))")
            }
            // From here on the old file has no name: there is no way back to it.
            state.file = file
            state.bytes = size
            state.compactionBytes = max(minimumBytes, 2 * size)
            state.synchronized = state.written
        } catch {
            unlink(temporary)
            state.compactionBytes = before + max(minimumBytes, before / 2)
            return .compactionFailed(path: path, reason: "\(error)")
        }
        do throws(SystemError) {
            // Records appended to the new file would be lost with its name, if that were not on the device.
            let names = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
            if retryingOnInterrupt({ fsync(names.rawValue) }) < 0 { throw SystemError(call: "fsync", subject: directory) }
        } catch {
            state.failure = .broken("\(error); restart once the disk is well")
            return .compactionFailed(path: path, reason: "\(error)")
        }
        return .compacted(path: path, fromBytes: before, toBytes: state.bytes)
    }

    /// A file at `temporary` with all that `table` holds, on the device, and its size.
    private static func written(_ table: JobTable, to temporary: String, for path: String) throws(JobStoreError) -> (RecordFile, UInt64) {
        do {
            let file = try RecordFile(making: temporary, for: path)
            var size: UInt64 = 0
            var buffer: [UInt8] = []
            func add(_ record: FileRecord) throws {
                buffer += RecordFile.line(of: try StoredJSON.encode(record))
                if buffer.count >= 256 << 10 { try flush() }
            }
            func flush() throws {
                try file.append(buffer)
                size += UInt64(buffer.count)
                buffer.removeAll(keepingCapacity: true)
            }
            try add(FileRecord(format: FileRecord.currentFormat))
            try table.forEachRecord(add)
            try flush()
            try file.synchronize()
            return (file, size)
        } catch {
            throw .unavailable("\(error)")
        }
    }

    private func read<Result: Sendable>(_ question: (JobTable) -> Result) throws(JobStoreError) -> Result {
        try state.withLock { (state) throws(JobStoreError) in
            _ = try Self.usable(state)
            return question(state.table)
        }
    }

    // MARK: Keys

    package func add(_ key: APIKey) throws(JobStoreError) {
        try write { (state) throws(JobStoreError) in
            for other in state.table.keys.values where other.name == key.name || other.id == key.id { throw .keyNameTaken(key.name) }
            if state.table.keys.values.contains(where: { $0.hash == key.hash }) { throw .broken("there is a key with this hash already") }
            return (FileRecord(key: key), { $0.put(key) }, ())
        }
    }

    package func keys() throws(JobStoreError) -> [APIKey] {
        try read { $0.keys.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) } }
    }

    package func key(hash: [UInt8]) throws(JobStoreError) -> APIKey? {
        // All of them, so that the time says nothing about which.
        try read { table in table.keys.values.reduce(nil as APIKey?) { KeyHash.areEqual($1.hash, hash) ? $1 : $0 } }
    }

    package func removeKey(id: String) throws(JobStoreError) -> Bool {
        try write { (state) throws(JobStoreError) in
            state.table.keys[id] == nil ? (nil, { _ in }, false) : (FileRecord(removedKey: id), { $0.removeKey(id: id) }, true)
        }
    }

    // MARK: Jobs

    package func create(_ job: Job) throws(JobStoreError) {
        try write { (state) throws(JobStoreError) in
            if state.table.entries[job.id] != nil { throw .broken("there is a job \(job.id) already") }
            try state.table.checkRoom(for: job.storedBytes, of: job.keyID)
            return (FileRecord(job: job), { $0.put(JobTable.Entry(job: job)) }, ())
        }
        work.signal()
    }

    package func job(id: String) throws(JobStoreError) -> Job? { try read { $0.entries[id]?.job } }

    package func jobs(_ query: JobQuery) throws(JobStoreError) -> [Job] { try read { $0.jobs(query) } }

    package func cancel(id: String, now: UInt64) throws(JobStoreError) -> Job? {
        try write { (state) throws(JobStoreError) in
            guard var entry = state.table.entries[id] else { return (nil, { _ in }, nil) }
            guard let job = entry.job.cancelled(at: now) else { return (nil, { _ in }, entry.job) }
            entry.job = job
            return (FileRecord(job: job), { [entry] in $0.put(entry) }, job)
        }
    }

    package func remove(id: String) throws(JobStoreError) -> Bool {
        try write { (state) throws(JobStoreError) in
            guard let job = state.table.entries[id]?.job, job.status.isFinal else { return (nil, { _ in }, false) }
            return (FileRecord(removedJob: id), { $0.removeJob(id: id) }, true)
        }
    }

    package func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage { try read { $0.usage(of: key) } }

    // MARK: Workers

    package func claim(worker: String, now: UInt64, leaseNanoseconds: UInt64) throws(JobStoreError) -> Job? {
        let signals = work.count
        let job = try write { (state) throws(JobStoreError) -> (FileRecord?, (inout JobTable) -> Void, Job?) in
            guard let job = state.table.claimable(at: now)?.claimed(at: now) else { return (nil, { _ in }, nil) }
            let entry = JobTable.Entry(job: job, worker: worker, leaseEnd: Self.leaseEnd(now, leaseNanoseconds))
            return (FileRecord(job: job), { $0.put(entry) }, job)
        }
        if job == nil { work.foundNothing(since: signals) }
        return job
    }

    package func renew(
        _ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double
    ) throws(JobStoreError) -> LeaseState {
        try state.withLock { (state) throws(JobStoreError) in
            _ = try Self.usable(state)
            guard let entry = state.table.entries[id], entry.job.status == .processing, entry.worker == worker else { return .lost }
            state.table.renew(id, leaseEnd: Self.leaseEnd(now, leaseNanoseconds), progress: progress)
            return entry.job.isCancelling ? .cancelling : .held
        }
    }

    package func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool {
        precondition(job.status != .processing, "a worker that ends its work says what becomes of the job")
        let isStored = try write { (state) throws(JobStoreError) in
            guard let entry = state.table.entries[job.id], entry.job.status == .processing, entry.worker == worker else {
                return (nil, { _ in }, false)
            }
            if job.storedBytes > entry.job.storedBytes {
                try state.table.checkRoom(for: job.storedBytes - entry.job.storedBytes, of: job.keyID)
            }
            let job = job.finished(from: entry.job, at: SystemClock.wallNanoseconds())
            return (FileRecord(job: job), { $0.put(JobTable.Entry(job: job)) }, true)
        }
        if isStored && job.status == .queued { work.signal() }
        return isStored
    }

    private static func leaseEnd(_ now: UInt64, _ nanoseconds: UInt64) -> UInt64 {
        let (end, isTooLate) = now.addingReportingOverflow(nanoseconds)
        return isTooLate ? .max : end
    }

    package func waitForWork(upTo nanoseconds: UInt64) { work.wait(upTo: nanoseconds) }

    package func wakeWaiting() { work.signal() }

    // MARK: State

    package func counts() throws(JobStoreError) -> JobCounts { try read { $0.counts } }

    package func usages() throws(JobStoreError) -> [StorageUsage] {
        try read { table in table.keys.values.sorted { $0.name < $1.name }.map(table.usage(of:)) }
    }

    package func check() throws(JobStoreError) { _ = try read { _ in () } }

    /// All that was stored is on the device; calls after this one throw, and another instance may open the directory.
    package func close() {
        work.signal()
        // Whoever synchronizes now ends first.
        synchronizing.withLock { _ in state.withLock { $0.file = nil } }
        lock.withLock { descriptor in
            // A process that is being started now has it, too, until it becomes another program.
            if let raw = descriptor?.rawValue { flock(raw, LOCK_UN) }
            descriptor = nil
        }
    }
}
