import JobStore
import Synchronization
import TestSupport
import Testing

@testable import TranscodeService

struct ServiceMetricsTests {
    @Test func `keys beyond the limit share one series`() {
        let usages = (0..<10).map { StorageUsage(keyName: "k\($0)", jobs: 1, usedBytes: UInt64($0), quotaBytes: 100) }
        #expect(ServiceMetrics.limited(usages, maximum: 10) == usages)
        let limited = ServiceMetrics.limited(usages, maximum: 4)
        #expect(limited.map(\.keyName) == ["k9", "k8", "k7", "(other)"])
        #expect(limited.last?.usedBytes == (0...6).reduce(0, +) && limited.last?.quotaBytes == nil)
    }

    @Test func `a store that can't be used is told, and shows nothing`() throws {
        try withTemporaryDirectory { (directory) throws in
            let store = try FileJobStore(directory: directory)
            let failures = Mutex<[JobStoreError]>([])
            #expect(
                StoreSnapshot(store) { error in failures.withLock { $0.append(error) } }.current.counts
                    == JobCounts(queued: 0, processing: 0))
            store.close()
            let snapshot = StoreSnapshot(store) { error in failures.withLock { $0.append(error) } }
            #expect(snapshot.current.counts == nil && snapshot.current.error != nil)
            #expect(failures.withLock { $0.count } >= 1)
        }
    }
}
