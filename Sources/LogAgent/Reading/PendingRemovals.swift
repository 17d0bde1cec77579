import Glibc
import SystemIO
import Tailing

/// Files that go once a checkpoint on disk says that all of them was delivered: after a crash before that they are needed again.
struct PendingRemovals {
    struct Removal: Equatable {
        var path: String
        /// What the file has to be still; nil for one of the agent's own.
        var status: FileStatus?
    }

    private var waiting: [Removal] = []
    private var submitted: [Removal] = []

    mutating func add(_ removal: Removal) { if !contains(removal.path) { waiting.append(removal) } }

    func contains(_ path: String) -> Bool { (waiting + submitted).contains { $0.path == path } }

    /// A checkpoint is made now that knows of the deliveries.
    mutating func submit() {
        submitted += waiting
        waiting.removeAll()
    }

    /// The checkpoint is on disk.
    mutating func takeSaved() -> [Removal] {
        defer { submitted.removeAll() }
        return submitted
    }
}

extension Reader {
    func removeWhatIsSaved() {
        for removal in removals.takeSaved() {
            if let expected = removal.status, (try? FileStatus(ofPath: removal.path, followingLinks: false)) != expected { continue }
            if unlink(removal.path) == 0 {
                if removal.status != nil { log.removed(path: removal.path) }
            } else if errno != ENOENT {
                log.notRemoved(SystemError(call: "unlink", subject: removal.path))
            }
        }
    }

    /// Where the source asks for it, lets a file go that rests and was delivered. True while it is to be looked at again for that.
    func removeWhereAskedFor(_ file: TailedFile, isDelivered: Bool) -> Bool {
        guard let age = tails.sources[file.sourceIndex].removedAgeNanoseconds, !tails.isSpilled(file) else { return false }
        guard let path = file.path, isDelivered, !file.isQueued, file.isReadWhole else { return true }
        guard !removals.contains(path), let status = try? FileStatus(ofPath: path, followingLinks: false), status.kind == .regular,
            FileIdentity(status) == file.identity, !file.holdsMore(atSize: status.size),
            SystemClock.nanoseconds(from: status.modifiedNanoseconds, to: SystemClock.wallNanoseconds()) >= age
        else { return true }
        removals.add(.init(path: path, status: status))
        hasChanged = true
        return true
    }
}
