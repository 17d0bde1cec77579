import Synchronization
import SystemIO

/// Uses a processor until it is told to stop, in a function with a known name.
final class BusyLoop: Sendable {
    private final class Flag: Sendable {
        let isStopped = Atomic<Bool>(false)
    }

    private let flag: Flag
    private let thread: WorkerThread

    init() throws {
        let flag = Flag()
        self.flag = flag
        thread = try WorkerThread("busy", stackBytes: 256 << 10) {
            callsWhatIsBusy { flag.isStopped.load(ordering: .relaxed) }
        }
    }

    func stop() {
        flag.isStopped.store(true, ordering: .relaxed)
        thread.join()
    }
}

@inline(never)
private func callsWhatIsBusy(_ isStopped: () -> Bool) {
    while !isStopped() { sink.store(isBusyForAWhile(), ordering: .relaxed) }
}

private let sink = Atomic<UInt64>(0)

@inline(never)
private func isBusyForAWhile() -> UInt64 {
    var value: UInt64 = 1
    for _ in 0..<1_000_000 { value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    return value
}
