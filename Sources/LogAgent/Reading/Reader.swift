import Glibc
import Metrics
import StructuredLogging
import Synchronization
import SystemIO
import Tailing

/// The reading thread: waits for files to grow, reads them in turn, lets the lines go their way, and books what outputs answer.
final class Reader {
    /// One read brings at most this much, unless lines may be longer.
    static let chunkBytes = 256 * 1024
    /// Events are gathered for this long, so that a thousand lines a second do not make a thousand wake-ups.
    static let gatherNanoseconds: UInt64 = 3_000_000
    /// The same for each file that had something to read since the last wake-up: many small reads cost more than few larger ones.
    static let gatherNanosecondsPerFile: UInt64 = 200_000
    static let maximumGatherNanoseconds: UInt64 = 200_000_000
    /// How long reading goes on before acknowledgements and the clock are looked at.
    static let turnNanoseconds: UInt64 = 2_000_000
    /// Of more files each is closed after its turn.
    static let openFileCeiling = 4096

    let shared: SharedAgentState
    let tails: TailSet
    let control: ReaderControl
    let checkpoints: CheckpointWriter
    let log: AgentLog
    private(set) var buffer: UnsafeMutableRawBufferPointer
    private let epoll: Epoll
    private var events: [Epoll.Event] = []

    /// Kept between checkpoints, so that one allocates little.
    var capture = SeriesCapture()
    var lastCheckpointNanoseconds: UInt64 = 0
    var lastHousekeepingNanoseconds: UInt64 = 0
    var lastReadNanoseconds: UInt64 = SystemClock.monotonicNanoseconds()
    /// Nothing was read for a while, and the code that reading takes was let go of.
    var isResting = false
    var lastTidyNanoseconds: UInt64 = 0
    var hasChanged = false
    var openFileCount = 0
    /// Monotonic time at which an open entry of a file will have waited long enough, by the file's number.
    var entryDeadlines: [UInt64: UInt64] = [:]
    /// How far before a cursor an open entry may begin.
    private var maximumReach: Int
    let maximumOpenFiles: Int
    /// Files that something happened to lately; the others need no looking after.
    var attended: [UInt64: TailedFile] = [:]
    /// Compressed files whose damage was told.
    var damagedFiles: Set<UInt64> = []
    /// The rest of a deleted file that is being saved.
    var spill: ContentSpill?
    var spillSettings: SpillSettings
    /// What a checkpoint has to leave behind before it may go.
    var removals = PendingRemovals()
    var checkpointCostNanoseconds: UInt64 = 0
    /// Sources that are no files, by their name.
    let captures: [String: CaptureState]
    /// Segments that the checkpoint which is being written says are done with.
    var finishedSegments: [CaptureSegment] = []
    /// How far delivery had come when it last moved, once nothing more is captured.
    var finishing: (deliveredBytes: UInt64, sinceNanoseconds: UInt64)?
    private var lastWakeNanoseconds: UInt64 = 0
    private var filesSinceWake: UInt64 = 0

    private enum Token: UInt64 { case files, control }

    init(
        shared: SharedAgentState, tails: TailSet, control: ReaderControl, checkpoints: CheckpointWriter, log: AgentLog,
        maximumLineBytes: Int, maximumReach: Int, spill: SpillSettings
    ) throws(SystemError) {
        self.shared = shared
        self.tails = tails
        self.control = control
        self.checkpoints = checkpoints
        self.log = log
        spillSettings = spill
        self.maximumReach = maximumReach
        let bytes = Self.bufferBytes(maximumLineBytes: maximumLineBytes, maximumReach: maximumReach)
        buffer = .allocate(byteCount: bytes, alignment: 64)
        epoll = try Epoll()
        if let descriptor = tails.watchDescriptor { try epoll.add(descriptor, .readable, token: Token.files.rawValue) }
        try epoll.add(control.event.rawValue, .readable, token: Token.control.rawValue)
        maximumOpenFiles = min(Self.openFileCeiling, OpenFileLimit.raise() / 2)
        captures = shared.update { state in Dictionary(uniqueKeysWithValues: state.captures.map { ($0.name, $0) }) }
    }

    deinit { buffer.deallocate() }

    /// A line that is just not too long, its line end, what is open of the entries that it may belong to, and the bytes that guard the
    /// cursor must fit together.
    private static func bufferBytes(maximumLineBytes: Int, maximumReach: Int) -> Int {
        max(chunkBytes, maximumLineBytes + 64) + maximumReach + TailedFile.readOverhead
    }

    /// Makes room for lines of other lengths than before, and for entries, which may have been left open by earlier settings.
    func resizeBuffer(maximumLineBytes: Int, maximumReach: Int) {
        self.maximumReach = max(self.maximumReach, maximumReach)
        let bytes = Self.bufferBytes(maximumLineBytes: maximumLineBytes, maximumReach: self.maximumReach)
        guard bytes != buffer.count else { return }
        buffer.deallocate()
        buffer = .allocate(byteCount: bytes, alignment: 64)
    }

    /// Runs until `control` says stop; then everything that was read is on its way to the outputs, and saved.
    func run() {
        start()
        while !control.isStopping {
            if let reload = control.takeReload() { adopt(reload) }
            let wait = turn()
            if control.isFinishing { stopOnceDelivered() }
            if let wait { waitForEvents(until: wait) }
        }
        drain()
    }

    func start() {
        tails.start()
        for file in tails.files.values { attend(file) }
        shared.update { agent in
            agent.isCatchingUp = true
            // Before anything is read: lines of now would make those of a backlog too old for their streams.
            for file in tails.files.values where !file.isGone {
                if let state = agent.files[file.id] { queueWhereBehind(state, agent) }
            }
        }
        awaitOpenEntries()
    }

    /// Does what there is to do. Gives the monotonic time until which nothing will be, unless an event comes; nil: there is more.
    func turn() -> UInt64? {
        takeOutcomes()
        let now = SystemClock.monotonicNanoseconds()
        tails.tick()
        let entryDeadline = queueFilesWithIdleEntries(now: now)
        // Each file at most once, and only so long, before looking at acknowledgements again.
        var isWaitingForRoom = false
        var remaining = tails.readableCount
        while remaining > 0, SystemClock.monotonicNanoseconds() < now + Self.turnNanoseconds, let file = tails.nextReadable() {
            remaining -= 1
            attend(file)
            if case .waitsForRoom = count(file) { isWaitingForRoom = true }
            filesSinceWake += 1
            lastReadNanoseconds = now
            isResting = false
        }
        let delivered = deliverBehind()
        let isSpilling = continueSpill()
        let due = shared.update { state in
            state.lastTurnNanoseconds = now
            return state.outputs.compactMap { $0.sealDue(now: now) }.min()
        }
        housekeep(now: now)
        if delivered || isSpilling || (tails.hasReadable && !isWaitingForRoom) { return nil }
        let pause = isWaitingForRoom ? now + 5_000_000 : now + 250_000_000
        return min(due ?? pause, pause, entryDeadline)
    }

    func waitForEvents(until deadline: UInt64) {
        gather()
        let now = SystemClock.monotonicNanoseconds()
        let milliseconds = deadline > now ? Int((deadline - now + 999_999) / 1_000_000) : 0
        events.removeAll(keepingCapacity: true)
        do throws(SystemError) {
            try epoll.wait(milliseconds: milliseconds, into: &events)
        } catch {
            log.readerFailed(error)
            usleep(10_000)
        }
        lastWakeNanoseconds = SystemClock.monotonicNanoseconds()
        for event in events {
            switch Token(rawValue: event.token) {
            case .files: tails.handleWatchEvents()
            case .control: control.event.drain()
            case nil: break
            }
        }
    }

    /// Sleeps for the rest of the gathering time since the last wake-up.
    private func gather() {
        let gathering = min(
            Self.maximumGatherNanoseconds, Self.gatherNanoseconds + filesSinceWake * Self.gatherNanosecondsPerFile)
        let now = SystemClock.monotonicNanoseconds()
        let until = lastWakeNanoseconds + gathering
        if until > now && !control.isStopping { usleep(UInt32((until - now) / 1000)) }
        filesSinceWake = 0
    }

    /// Books the answers of the outputs.
    func takeOutcomes() {
        let outcomes = control.outcomes.takeAll()
        guard !outcomes.isEmpty else { return }
        hasChanged = true
        shared.update { state in
            for outcome in outcomes {
                guard let output = state.outputs.first(where: { $0.sender.number == outcome.output }) else { continue }
                state.settle(outcome.batch, refused: outcome.refused.map(\.index), at: output)
            }
        }
    }

    /// Reads what is there, sends it, and waits for the answers, within the time that stopping may take.
    func drain() {
        tails.handleWatchEvents()
        while !control.isOutOfTime, let file = tails.nextReadable() {
            attend(file)
            if case .waitsForRoom = count(file) { break }
        }
        shared.update { state in for output in state.outputs { output.sealAll() } }
        while !control.isOutOfTime, shared.update({ state in state.outputs.contains { $0.heldBytes > 0 && $0.sender.isHealthy } }) {
            waitForEvents(until: SystemClock.monotonicNanoseconds() + 20_000_000)
            takeOutcomes()
        }
        for output in shared.update({ $0.outputs.map(\.sender) }) { output.stop() }
        takeOutcomes()
        spillEverything()
        save()
        // What could be removed now is not to be looked for at the next start.
        if hasChanged { save() }
    }

    private func save() {
        checkpoint()
        checkpoints.finish()
        takeWrittenCheckpoint()
    }
}
