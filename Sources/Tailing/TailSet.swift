import Glibc
import SystemIO

/// All files of all sources: finds them, follows them through renames and truncations, and says which may have something to read.
///
/// Used by the reading thread alone. The caller waits on ``watchDescriptor``, calls ``handleWatchEvents()`` and ``tick()``, and reads
/// what ``nextReadable()`` gives.
package final class TailSet {
    /// How long a rotated or deleted file must rest before its last, unfinished line is taken as a line, and before its end is final.
    package static let defaultSettleNanoseconds: UInt64 = 5_000_000_000
    /// How often everything is looked at even though inotify works.
    static let safetyScanNanoseconds: UInt64 = 10_000_000_000
    /// So many files stay open from when they are found until they are read first.
    static let maximumOpenBeforeRead = 1000
    private static let maximumFirstLooks = 8
    /// File systems stamp births by a clock that lags this much behind.
    static let birthLagNanoseconds: UInt64 = 20_000_000
    /// How long content that can't be found is remembered, in case it comes back.
    static let absenceNanoseconds: UInt64 = 3_600_000_000_000
    /// How long a file that looks like a copy of another is left alone while neither grows nor is truncated.
    package static let defaultCopyWaitNanoseconds: UInt64 = 5_000_000_000

    package internal(set) var sources: [TailSource]
    var pollNanoseconds: UInt64
    let settleNanoseconds: UInt64
    let copyWaitNanoseconds: UInt64
    let report: (TailEvent) -> Void

    /// Every generation that may still be read or must be remembered, by id.
    package internal(set) var files: [UInt64: TailedFile] = [:]
    /// During the first look: of what was found under names that a rotation makes of a path, the content that was written to last.
    var rotationsFound: [String: RotationFound] = [:]
    /// Generations with an inode of their own: not those that were replaced in place.
    var byIdentity: [FileIdentity: TailedFile] = [:]
    var byPath: [String: TailedFile] = [:]
    /// The newest generation that was found under each name.
    var lineage: [String: TailedFile] = [:]
    /// The last file of each directory that holds a series.
    var newestOfSeries: [String: TailedFile] = [:]
    /// Of a checkpoint, but no source takes their names any more: left alone, and remembered for when one does again.
    package private(set) var setAside: [SavedFile] = []
    /// Restored from a checkpoint, and not yet seen on disk.
    var unverified: Set<UInt64> = []
    /// Since then nothing happened that was not seen, or is found out by looking; nanoseconds since 1970.
    private let watchedSinceNanoseconds: UInt64
    var possibleCopies: [String: PossibleCopy] = [:]
    private var nextID: UInt64
    /// The id that the next file will have.
    package var upcomingID: UInt64 { nextID }

    private var readable = ReadingOrder()
    /// Where rests of contents that are gone are kept.
    package var spills: SpillDirectory?
    /// Compressed files that hold a decoder, the one that was read last at the end.
    private var inflating: [TailedFile] = []

    let watch: DirectoryWatch?
    var polledDirectories: Set<String> = []
    /// What directories held a moment ago.
    var listings: [String: DirectoryListing] = [:]
    var reportedErrors: Set<String> = []
    /// So many at most.
    private static let rememberedErrors = 10_000
    var isFirstScan = true
    /// Sources that were added after the start, and not looked at yet.
    var addedSources: Set<Int> = []
    /// When the last scan ended, and how long it took.
    var lastScanNanoseconds: UInt64 = 0
    var scanDurationNanoseconds: UInt64 = 0
    var lastPollNanoseconds: UInt64 = 0
    var wantsScan = true

    package init(
        sources: [TailSource], restored: [SavedFile], savedNanoseconds: UInt64? = nil, nextID: UInt64, pollNanoseconds: UInt64,
        settleNanoseconds: UInt64 = defaultSettleNanoseconds, copyWaitNanoseconds: UInt64 = defaultCopyWaitNanoseconds,
        spills: SpillDirectory? = nil, report: @escaping (TailEvent) -> Void
    ) {
        self.sources = sources
        self.spills = spills
        self.settleNanoseconds = settleNanoseconds
        self.copyWaitNanoseconds = copyWaitNanoseconds
        self.pollNanoseconds = pollNanoseconds
        self.report = report
        self.nextID = nextID
        watchedSinceNanoseconds =
            savedNanoseconds ?? restored.map(\.lastSeenNanoseconds).max() ?? SystemClock.wallNanoseconds() + Self.birthLagNanoseconds
        do throws(SystemError) {
            watch = try DirectoryWatch()
        } catch {
            watch = nil
            report(.polling(directory: "/", error))
        }
        let spilled = spills?.entries() ?? [:]
        for saved in restored.sorted(by: { $0.id < $1.id }) where restore(spilled[saved.id]?.latest(of: saved) ?? saved) == nil {
            setAside.append(saved)
        }
    }

    /// Goes on where `saved` says; nil where no source takes its name. The next look verifies that it is still the same content.
    func restore(_ saved: SavedFile) -> TailedFile? {
        guard let sourceIndex = sourceIndex(takingFirst: saved.firstPath, preferring: saved.sourceName) else { return nil }
        let file = TailedFile(restoring: saved, sourceIndex: sourceIndex)
        if sources[sourceIndex].isSeries && saved.path == saved.firstPath { file.takeAsPlain() }
        files[file.id] = file
        if saved.isGone {
            file.presence = .gone(.deleted)
        } else {
            byIdentity[file.identity] = file
            unverified.insert(file.id)
            if let path = saved.path { byPath[path] = file }
            if saved.path != saved.firstPath { file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds()) }
        }
        file.predecessor = lineage[file.firstPath]
        lineage[file.firstPath] = file
        joinSeries(file)
        return file
    }

    /// The source called `name` if it takes files that are found under `path`, otherwise the first one that does.
    func sourceIndex(takingFirst path: String, preferring name: String) -> Int? {
        sources.firstIndex { $0.name == name && $0.takes(path) } ?? sources.firstIndex { $0.takes(path) }
    }

    /// Becomes readable when ``handleWatchEvents()`` has something to do; nil where inotify is not available.
    package var watchDescriptor: Int32? { watch?.rawValue }

    /// The first look at everything. Afterwards each restored file is verified, or known to be missing.
    package func start() {
        scan()
        settleUnverified()
        // Names may have moved while they were looked at, before anything watched them: what was there at the start is known only
        // when a look was not disturbed.
        for _ in 0..<Self.maximumFirstLooks {
            handleWatchEvents()
            guard wantsScan else { break }
            scan()
        }
        isFirstScan = false
        rotationsFound.removeAll()
    }

    /// Makes the next ``tick()`` scan, whatever events have said.
    package func lookAtEverything() {
        wantsScan = true
        lastScanNanoseconds = 0
    }

    /// Reads what inotify has to tell.
    package func handleWatchEvents() {
        guard let watch else { return }
        do throws(SystemError) {
            try watch.drain(handle)
        } catch {
            reportOnce(.unreadable(path: "inotify", error), key: "inotify")
            wantsScan = true
        }
    }

    /// What the clock drives: files without inotify, missing directories, rotated files that come to rest, copies that prove to be none.
    package func tick() {
        let now = SystemClock.monotonicNanoseconds()
        let needsPoll = SystemClock.nanoseconds(from: lastPollNanoseconds, to: now) >= pollNanoseconds
        // Where directories come and go without end, looking at everything each time must not take all the time there is.
        let scanPause = min(10 * scanDurationNanoseconds, 1_000_000_000)
        let mayScan = SystemClock.nanoseconds(from: lastScanNanoseconds, to: now) >= scanPause
        let safetyPause = max(Self.safetyScanNanoseconds, 1000 * scanDurationNanoseconds)
        if (wantsScan && mayScan) || SystemClock.nanoseconds(from: lastScanNanoseconds, to: now) >= safetyPause
            || (needsPoll && !polledDirectories.isEmpty)
        {
            scan()
        }
        guard needsPoll else { return }
        lastPollNanoseconds = now
        listings.removeAll(keepingCapacity: true)
        for file in files.values { poll(file, now: now) }
        for copy in possibleCopies.values { reconsider(copy, now: now) }
    }

    /// The next file that may have something to read, each in its turn.
    package func nextReadable() -> TailedFile? { readable.next() }

    /// Takes files that are not followed any more out of the line of files to read.
    func forgetReadable() {
        for file in readable.takeAll() where files[file.id] === file { markReadable(file) }
    }

    package var hasReadable: Bool { readable.count > 0 }
    package var readableCount: Int { readable.count }

    /// Puts `file` at the end of the line of files to read.
    package func markReadable(_ file: TailedFile) {
        readable.insert(file, sequence: sequence(of: file))
    }

    /// Compressed files are read one after the other, since each takes a decoder while it is; others where their source asks for it.
    private func sequence(of file: TailedFile) -> ReadingOrder.Sequence? {
        if sources[file.sourceIndex].readsOldestFirst { return .source(file.sourceIndex) }
        return file.isCompressed ? .compressed : nil
    }

    /// Takes the decoders away from all but a few compressed files: they begin anew when it is their turn.
    package func keepInflating(_ file: TailedFile) {
        guard file.isCompressed else { return }
        inflating.removeAll { $0 === file }
        inflating.append(file)
        if inflating.count > 4 { inflating.removeFirst().inflations.removeAll() }
    }

    /// Forgets `file`: all of it was delivered or lost, and its content is gone or was given up.
    package func forget(_ file: TailedFile) {
        files[file.id] = nil
        if byIdentity[file.identity] === file { byIdentity[file.identity] = nil }
        if let path = file.path, byPath[path] === file { byPath[path] = nil }
        if lineage[file.firstPath] === file { lineage[file.firstPath] = nil }
        if !newestOfSeries.isEmpty {
            let directory = Self.directory(of: file.firstPath)
            if newestOfSeries[directory] === file { newestOfSeries[directory] = nil }
        }
        file.closeDescriptor()
        inflating.removeAll { $0 === file }
    }

    /// Puts `file` behind the others of its directory, where those are a series. Files are found in order.
    func joinSeries(_ file: TailedFile) {
        guard sources[file.sourceIndex].isSeries else { return }
        let directory = Self.directory(of: file.firstPath)
        file.predecessor = newestOfSeries[directory] ?? file.predecessor
        newestOfSeries[directory] = file
    }

    /// Whether nothing more can be expected of a file that was rotated, deleted or is compressed: what stands behind its last newline
    /// is a line.
    package func isSettled(_ file: TailedFile) -> Bool {
        let now = SystemClock.monotonicNanoseconds()
        return switch file.presence {
        case .named:
            file.endsInDamage
                || file.isCompressed && SystemClock.nanoseconds(from: file.lastActivityNanoseconds, to: now) >= settleNanoseconds
        case .rotated(let since), .deleted(let since):
            SystemClock.nanoseconds(from: max(since, file.lastActivityNanoseconds), to: now)
                >= settleNanoseconds
        case .gone: true
        }
    }

    /// When the newest content under `path` was last seen there, in nanoseconds since 1970.
    func lastSeenNanoseconds(path: String) -> UInt64 { lineage[path]?.lastSeenNanoseconds ?? watchedSinceNanoseconds }

    func makeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }

    func reportOnce(_ event: TailEvent, key: String) {
        // To be told again of some is better than to remember paths that are long gone.
        if reportedErrors.count >= Self.rememberedErrors { reportedErrors.removeAll() }
        if reportedErrors.insert(key).inserted { report(event) }
    }

    private func handle(_ event: DirectoryWatch.Event) {
        switch event {
        case .lookAgain:
            wantsScan = true
        case .modified(let path):
            if let file = byPath[path] { markReadable(file) } else { appeared(path) }
        case .appeared(let path):
            appeared(path)
        case .vanished(let path):
            // Events tell of the past: the name may have come back since, and with the same file.
            guard let file = byPath[path] else { return }
            if let status = try? FileStatus(ofPath: path), FileIdentity(status) == file.identity { return }
            lostName(file)
        case .renamed(let old, let new):
            guard let file = byPath[old], let status = try? FileStatus(ofPath: new), FileIdentity(status) == file.identity,
                !sources.contains(where: { $0.takes(new) })
            else {
                // In this order a file that is known goes straight from one name to the other.
                handle(.appeared(path: new))
                handle(.vanished(path: old))
                // It was made and rotated away before anyone looked.
                if byPath[old] == nil, let source = sources.firstIndex(where: { $0.takes(old) }) {
                    addMissedRotations(since: lastSeenNanoseconds(path: old), path: old, sourceIndex: source)
                }
                return
            }
            if let other = byPath[new], other !== file { lostName(other) }
            moveName(of: file, to: new)
        }
    }

    private func appeared(_ path: String) {
        guard let sourceIndex = sources.firstIndex(where: { $0.takes(path) }) else { return }
        do throws(SystemError) {
            if let found = try FileDiscovery.found(at: path, sources[sourceIndex]) {
                consider(found, sourceIndex: sourceIndex)
            } else if let file = byPath[path], file.needsPolling {
                // Its link leads where none may lead to.
                lostName(file)
            }
        } catch {
            // Gone again already, or not to be read: the next scan tells.
            if error.code != ENOENT { reportOnce(.unreadable(path: path, error), key: path) }
        }
    }

    private func poll(_ file: TailedFile, now: UInt64) {
        switch file.presence {
        case .gone: return
        case .named where !file.needsPolling && !(file.isCompressed && file.hasUnfinishedEnd): return
        case .named:
            if let path = file.path, let status = try? FileStatus(ofPath: path), FileIdentity(status) != file.identity {
                // A link, or what it leads to, was switched.
                return appeared(path)
            }
        case .rotated, .deleted: break
        }
        if file.isOpen, let status = try? file.currentStatus() {
            if file.holdsMore(atSize: status.size) { markReadable(file) }
            if status.linkCount == 0, case .rotated = file.presence { file.presence = .deleted(sinceNanoseconds: now) }
        } else if case .rotated(let since) = file.presence, SystemClock.nanoseconds(from: since, to: now) > Self.absenceNanoseconds,
            file.path == nil
        {
            contentIsGone(file, .deleted)
        } else if let path = file.path, let status = try? FileStatus(ofPath: path), file.holdsMore(atSize: status.size) {
            markReadable(file)
        }
        if (file.isRotatedAway || file.isCompressed) && file.hasUnfinishedEnd && isSettled(file) { markReadable(file) }
    }
}
