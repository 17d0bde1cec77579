import Foundation
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(5)))
struct FileJobStoreTests {
    private func path(_ directory: String) -> String { directory + "/jobs.log" }

    private func contents(_ directory: String) -> [UInt8] { Array(FileManager.default.contents(atPath: path(directory)) ?? Data()) }

    private func write(_ bytes: some Collection<UInt8>, to directory: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(directory)))
    }

    /// Opens the store in `directory`, and gives what `body` makes of it and what the store told.
    private func opening<Result>(
        _ directory: String, compactingFrom bytes: UInt64 = 1 << 20, _ body: (FileJobStore) throws -> Result
    ) throws -> (result: Result, events: [FileJobStore.Event]) {
        let events = Mutex<[FileJobStore.Event]>([])
        let store = try FileJobStore(directory: directory, minimumCompactionBytes: bytes) { event in events.withLock { $0.append(event) } }
        defer { store.close() }
        let result = try body(store)
        return (result, events.withLock { $0 })
    }

    @Test
    func `everything is there again after a restart`() throws {
        try withMemoryDirectory { directory throws in
            let (key, other) = (makeKey("studio", quota: 10_000), makeKey("gone"))
            let jobs = (0..<4).map { _ in makeJob(of: key) }
            let (before, _) = try opening(directory) { store throws in
                try store.add(key)
                try store.add(other)
                _ = try store.removeKey(id: other.id)
                for job in jobs { try store.create(job) }
                let first = try #require(try store.claim("w"))
                #expect(try store.finish(fullJob(from: first), worker: "w"))
                let second = try #require(try store.claim("w"))
                _ = try store.cancel(second.id)
                _ = try store.cancel(jobs[2].id)
                #expect(try store.remove(id: jobs[2].id))
                return try store.jobs(JobQuery(limit: 10))
            }
            let (_, events) = try opening(directory) { store throws in
                #expect(try store.jobs(JobQuery(limit: 10)) == before)
                #expect(try store.keys() == [key])
                #expect(try store.usage(of: key) == StorageUsage(keyName: "studio", jobs: 3, usedBytes: 720, quotaBytes: 10_000))
                #expect(try store.counts() == JobCounts(queued: 1, processing: 1))
            }
            #expect(events == [])
        }
    }

    @Test
    func `a restart ends all leases`() throws {
        try withMemoryDirectory { directory throws in
            let (job, _) = try opening(directory) { store throws in
                try store.create(makeJob(of: makeKey()))
                return try #require(try store.claim("w"))
            }
            _ = try opening(directory) { store throws in
                #expect(try store.renew(job.id, "w") == .lost)
                let again = try #require(try store.claim("w"))
                #expect(again.id == job.id && again.attempts == 2)
            }
        }
    }

    @Test
    func `a last record that is torn at any byte is cut off and told`() throws {
        try withMemoryDirectory { directory throws in
            let key = makeKey()
            let jobs = (0..<3).map { _ in makeJob(of: key) }
            var whole = 0
            _ = try opening(directory) { store throws in
                for job in jobs.dropLast() { try store.create(job) }
                whole = contents(directory).count
                try store.create(jobs[2])
            }
            let bytes = contents(directory)
            for length in whole..<bytes.count {
                try write(bytes[..<length], to: directory)
                let (_, events) = try opening(directory) { store throws in
                    #expect(try store.jobs(JobQuery(limit: 10)) == [jobs[1], jobs[0]])
                    // What is written now is whole again.
                    try store.create(jobs[2])
                }
                let torn = FileJobStore.Event.tornRecordRemoved(
                    path: path(directory), atByte: UInt64(whole), bytes: UInt64(length - whole))
                #expect(events == (length == whole ? [] : [torn]))
                #expect(contents(directory) == bytes)
            }
        }
    }

    @Test
    func `a last record with a wrong byte is cut off`() throws {
        try withMemoryDirectory { directory throws in
            let jobs = (0..<2).map { _ in makeJob(of: makeKey()) }
            var whole = 0
            _ = try opening(directory) { store throws in
                try store.create(jobs[0])
                whole = contents(directory).count
                try store.create(jobs[1])
            }
            let bytes = contents(directory)
            for index in stride(from: whole, to: bytes.count, by: 7) {
                var damaged = bytes
                damaged[index] ^= 1
                try write(damaged, to: directory)
                let (_, events) = try opening(directory) { store throws in
                    #expect(try store.jobs(JobQuery(limit: 10)) == [jobs[0]])
                }
                #expect(events.count == 1)
            }
            // As a file system may leave what was never written.
            try write(bytes[..<whole] + [UInt8](repeating: 0, count: 5_000), to: directory)
            let (_, events) = try opening(directory) { store throws in #expect(try store.jobs(JobQuery(limit: 10)) == [jobs[0]]) }
            #expect(events == [.tornRecordRemoved(path: path(directory), atByte: UInt64(whole), bytes: 5_000)])
        }
    }

    @Test
    func `damage before whole records is refused, with its place, and the file stays as it is`() throws {
        try withMemoryDirectory { directory throws in
            _ = try opening(directory) { store throws in
                for _ in 0..<3 { try store.create(makeJob(of: makeKey())) }
            }
            var bytes = contents(directory)
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let second = lines[0].count + 1
            bytes[second + 40] ^= 1
            try write(bytes, to: directory)
            let error = try #require(throws: JobStoreError.self) { try FileJobStore(directory: directory) }
            #expect(error.description.contains("\(path(directory)) is damaged at byte \(second)"))
            #expect(error.description.contains("to \(second + lines[1].count + 1)"))
            #expect(contents(directory) == bytes)
            // What the message says to do.
            bytes.removeSubrange(second..<second + lines[1].count + 1)
            try write(bytes, to: directory)
            _ = try opening(directory) { store throws in #expect(try store.jobs(JobQuery(limit: 10)).count == 2) }
        }
    }

    @Test
    func `a file of another format is refused`() throws {
        try withMemoryDirectory { directory throws in
            try write(RecordFile.line(of: Array(#"{"format":2}"#.utf8)), to: directory)
            let error = try #require(throws: JobStoreError.self) { try FileJobStore(directory: directory) }
            #expect(error.description.contains("has format 2, this version reads 1"))
            try write(RecordFile.line(of: Array(#"{"format":1}"#.utf8)) + RecordFile.line(of: Array(#"{"job":{}}"#.utf8)), to: directory)
            #expect(throws: JobStoreError.self) { try FileJobStore(directory: directory) }
        }
    }

    @Test
    func `a directory is for one instance at a time`() throws {
        try withMemoryDirectory { directory throws in
            let store = try FileJobStore(directory: directory)
            let error = try #require(throws: JobStoreError.self) { try FileJobStore(directory: directory) }
            #expect(error.description.contains("\(directory) is in use by another instance"))
            try store.create(makeJob(of: makeKey()))
            store.close()
            _ = try opening(directory) { store throws in #expect(try store.jobs(JobQuery(limit: 1)).count == 1) }
        }
    }

    @Test
    func `a directory that can't be made is told`() throws {
        try withMemoryDirectory { directory throws in
            try Data().write(to: URL(fileURLWithPath: directory + "/file"))
            let error = try #require(throws: JobStoreError.self) { try FileJobStore(directory: directory + "/file/store") }
            #expect(error.description.contains("Not a directory") && error.description.contains("`data_dir`"))
        }
    }

    @Test
    func `the file does not grow without bound`() throws {
        try withMemoryDirectory { directory throws in
            let key = makeKey()
            var compactions = 0
            let (kept, events) = try opening(directory, compactingFrom: 16 << 10) { store throws in
                try store.add(key)
                try store.create(makeJob(of: key))
                for _ in 0..<150 {
                    try store.create(makeJob(of: key))
                    let job = try #require(try store.claim("w"))
                    #expect(try store.finish(fullJob(from: job), worker: "w"))
                    #expect(try store.remove(id: job.id))
                    #expect(contents(directory).count < 20 << 10)
                }
                return try store.jobs(JobQuery(limit: 1_000))
            }
            for event in events {
                guard case .compacted(_, let before, let after) = event else { continue }
                #expect(after < before)
                compactions += 1
            }
            #expect(compactions > 3)
            #expect(!FileManager.default.fileExists(atPath: path(directory) + ".new"))
            _ = try opening(directory) { store throws in
                #expect(try store.jobs(JobQuery(limit: 1_000)) == kept)
                #expect(try store.keys() == [key])
            }
        }
    }

    @Test
    func `a file that is mostly outdated is compacted when it is opened`() throws {
        try withMemoryDirectory { directory throws in
            _ = try opening(directory) { store throws in
                for _ in 0..<30 {
                    let job = makeJob(of: makeKey())
                    try store.create(job)
                    _ = try store.cancel(job.id)
                    #expect(try store.remove(id: job.id))
                }
            }
            let before = contents(directory).count
            let (_, events) = try opening(directory, compactingFrom: 1_000) { _ in }
            #expect(events == [.compacted(path: path(directory), fromBytes: UInt64(before), toBytes: UInt64(contents(directory).count))])
            #expect(contents(directory).count < 100)
        }
    }

    @Test
    func `nothing that was acknowledged is lost with kill -9`() async throws {
        try await withMemoryDirectory { directory in
            for round in 0..<3 {
                await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String, round = round as Int] in
                    let store = try FileJobStore(directory: directory + "/store", minimumCompactionBytes: 8 << 10)
                    let told = try FileDescriptor(opening: directory + "/told", O_WRONLY | O_CREAT | O_APPEND)
                    let acknowledged = Atomic(0)
                    let key = makeKey("key \(round)")
                    try onThreads(4) { index in
                        while true {
                            let job = makeJob(of: key)
                            try store.create(job)
                            try told.writeAll("\(job.id)\n")
                            if index == 0, let job = try store.claim("w"), job.status == .processing {
                                _ = try store.finish(fullJob(from: job, .failed), worker: "w")
                                try told.writeAll("\(job.id) failed\n")
                            }
                            if acknowledged.add(1, ordering: .relaxed).newValue == 60 + 17 * round { kill(getpid(), SIGKILL) }
                        }
                    }
                }
            }
            let text = try String(contentsOfFile: directory + "/told", encoding: .utf8)
            let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(lines.count > 180)
            let (_, _) = try opening(directory + "/store") { store throws in
                for line in lines {
                    let job = try store.job(id: String(line[0]))
                    #expect(job != nil)
                    if line.count == 2 { #expect(job?.status == .failed && job?.outputs.count == 2) }
                }
            }
        }
    }

    @Test
    func `a write that the disk cuts short leaves a store that goes on`() async throws {
        await #expect(processExitsWith: .success) {
            try withMemoryDirectory { directory throws in
                // As a full disk: the file can't grow beyond this, in the middle of a record.
                signal(SIGXFSZ, SIG_IGN)
                let store = try FileJobStore(directory: directory)
                var stored: [String] = []
                var limit = rlimit(rlim_cur: 3_000, rlim_max: rlim_t.max)
                setrlimit(__rlimit_resource_t(1), &limit)
                let problem = try #require(throws: JobStoreError.self) {
                    while true {
                        let job = makeJob(of: makeKey())
                        try store.create(job)
                        stored.append(job.id)
                    }
                }
                guard case .unavailable(let text) = problem, text.contains("File too large") else { exit(1) }
                guard stored.count > 3, try store.jobs(JobQuery(limit: 100)).count == stored.count else { exit(2) }
                limit.rlim_cur = rlim_t.max
                setrlimit(__rlimit_resource_t(1), &limit)
                let job = makeJob(of: makeKey())
                try store.create(job)
                store.close()
                let again = try FileJobStore(directory: directory)
                guard try again.jobs(JobQuery(limit: 100)).map(\.id).reversed() == stored + [job.id] else { exit(3) }
            }
        }
    }
}
