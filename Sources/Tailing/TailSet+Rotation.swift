import Glibc
import SystemIO

/// A new file that so far holds nothing but the beginning of another: a copytruncate rotation in progress, or a chance likeness.
struct PossibleCopy {
    var found: FileDiscovery.Found
    let identity: FileIdentity
    let sourceIndex: Int
    let original: TailedFile
    var lastSize: UInt64 = 0
    var lastChangeNanoseconds = SystemClock.monotonicNanoseconds()
}

// MARK: Names that move

extension TailSet {
    /// `file` is called `path` now.
    func moveName(of file: TailedFile, to path: String) {
        let old = file.path
        if let old, byPath[old] === file { byPath[old] = nil }
        file.path = path
        byPath[path] = file
        if path == file.firstPath {
            file.presence = .named
        } else if !file.isRotatedAway {
            file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
        }
        report(.renamed(file, from: old))
        markReadable(file)
    }

    /// `file`'s name is gone, or another file's. Looks for its new one in the same directory.
    func lostName(_ file: TailedFile) {
        guard let old = file.path else { return }
        if byPath[old] === file { byPath[old] = nil }
        file.path = nil
        let now = SystemClock.monotonicNanoseconds()
        if file.isOpen, let status = try? file.currentStatus(), status.linkCount == 0 {
            file.presence = .deleted(sinceNanoseconds: now)
            report(.renamed(file, from: old))
        } else if let path = nameOfInode(file, inDirectoryOf: old) {
            moveName(of: file, to: path)
        } else {
            file.presence = .rotated(sinceNanoseconds: now)
            report(.renamed(file, from: old))
        }
        markReadable(file)
    }

    private func nameOfInode(_ file: TailedFile, inDirectoryOf path: String) -> String? {
        let directory = Self.directory(of: path)
        guard let entries = try? Directory.entries(of: directory) else { return nil }
        for entry in entries where entry.inode == file.identity.inode {
            let candidate = directory + (directory == "/" ? "" : "/") + entry.name
            if let status = try? FileStatus(ofPath: candidate), FileIdentity(status) == file.identity { return candidate }
        }
        return nil
    }

    /// After the first look: restored files whose names lead elsewhere now.
    func settleUnverified() {
        for id in unverified {
            guard let file = files[id] else { continue }
            if let path = file.path {
                if byPath[path] === file { byPath[path] = nil }
                if let newPath = nameOfInode(file, inDirectoryOf: path), let status = try? FileStatus(ofPath: newPath) {
                    moveName(of: file, to: newPath)
                    verifyContent(of: file, size: status.size)
                    continue
                }
            }
            file.path = nil
            file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
            markReadable(file)
        }
        unverified.removeAll()
        for file in Array(files.values) where file.path == nil && !file.isGone { adoptCopy(for: file) }
    }

    /// Whether the inode still holds what was read of it. One that can't be opened now is checked by each later read.
    func verifyContent(of file: TailedFile, size: UInt64) {
        do throws(SystemError) {
            guard try file.matches(head: file.head, at: file.counted) else { return replacedInPlace(file) }
        } catch {
            reportOnce(.unreadable(path: file.path ?? file.firstPath, error), key: file.firstPath)
        }
        file.sizeAtStart = size
        report(.resumed(file))
        markReadable(file)
    }

    /// Nothing more of `file` can be read.
    package func contentIsGone(_ file: TailedFile, _ cause: TailedFile.LossCause) {
        guard !file.isGone else { return }
        file.presence = .gone(cause)
        file.closeDescriptor()
        if byIdentity[file.identity] === file { byIdentity[file.identity] = nil }
        if let path = file.path, byPath[path] === file { byPath[path] = nil }
        file.path = nil
        report(.contentGone(file, cause))
        markReadable(file)
    }

    /// Rotated files that no one has seen under their first name: they came and went while nobody looked.
    func addMissedRotations(of previous: TailedFile, path: String, sourceIndex: Int) {
        let directory = Self.directory(of: path)
        let name = Self.name(of: path)
        // File systems stamp births by a clock that lags a few milliseconds behind.
        let bornAfter = previous.lastSeenNanoseconds > 20_000_000 ? previous.lastSeenNanoseconds - 20_000_000 : 0
        guard let entries = try? Directory.entries(of: directory) else { return }
        var missed: [FileDiscovery.Found] = []
        for entry in entries where RotatedName.isRotation(entry.name, of: name) {
            let candidate = directory + (directory == "/" ? "" : "/") + entry.name
            guard !sources[sourceIndex].excludes(candidate), let status = try? FileStatus(ofPath: candidate), status.kind == .regular,
                status.birthNanoseconds > bornAfter,
                byIdentity[FileIdentity(status)] == nil
            else { continue }
            let found = FileDiscovery.Found(path: candidate, status: status, isLink: false)
            if isCopyOfKnown(found, path: path) || isCopyInProgress(found, ofContentAt: path) { continue }
            missed.append(found)
        }
        for found in missed.sorted(by: { $0.status.birthNanoseconds < $1.status.birthNanoseconds }) {
            addFile(found, FileIdentity(found.status), sourceIndex: sourceIndex, firstPath: path)
        }
    }

    /// So far it holds nothing but the beginning of what `path` holds: a copytruncate may be at work on it.
    private func isCopyInProgress(_ found: FileDiscovery.Found, ofContentAt path: String) -> Bool {
        guard let status = try? FileStatus(ofPath: path), status.size >= found.status.size else { return false }
        let copy = temporaryFile(found)
        let original = temporaryFile(FileDiscovery.Found(path: path, status: status, isLink: false))
        do throws(SystemError) {
            guard try copy.openIfNeeded() else { return false }
            try copy.refreshHead()
            return try original.matches(head: copy.head, at: copy.cursor(atOffset: found.status.size))
        } catch {
            return false
        }
    }

    /// A copytruncate's copy of content that is read elsewhere already.
    private func isCopyOfKnown(_ found: FileDiscovery.Found, path: String) -> Bool {
        guard let original = lineage[path] ?? byPath[path] else { return false }
        return files.values.contains { $0.firstPath == original.firstPath && $0.counted.offset > 0 && isCopy(found, of: $0) }
    }
}

// MARK: Content that is replaced in place

extension TailSet {
    /// The inode of `file` holds another content now: its own ended. Goes on in a copy where a rotation has left one.
    package func replacedInPlace(_ file: TailedFile) {
        guard let path = file.path ?? byPath.first(where: { $0.value === file })?.key, !file.isGone else {
            contentIsGone(file, .truncated)
            return
        }
        let identity = file.identity
        byIdentity[identity] = nil
        if byPath[path] === file { byPath[path] = nil }
        file.path = nil
        // The open descriptor belongs to what the inode holds now.
        let inode = TailedFile(
            id: 0, sourceIndex: file.sourceIndex, path: path, identity: identity, counted: .start, lastSeenNanoseconds: 0)
        file.passDescriptor(to: inode)
        if !adoptCopy(for: file, nextTo: path, otherThan: identity) { contentIsGone(file, .truncated) }
        // Contents that came and went in the inode since it was looked at.
        if path == file.firstPath { addMissedRotations(of: file, path: path, sourceIndex: file.sourceIndex) }

        let successor = TailedFile(
            id: makeID(), sourceIndex: file.sourceIndex, path: file.firstPath, identity: identity, counted: .start,
            lastSeenNanoseconds: SystemClock.wallNanoseconds())
        successor.path = path
        successor.needsPolling = file.needsPolling
        successor.presence = path == file.firstPath ? .named : file.presence
        successor.lastActivityNanoseconds = SystemClock.monotonicNanoseconds()
        successor.predecessor = lineage[file.firstPath] ?? file
        if isFirstScan { successor.sizeAtStart = (try? FileStatus(ofPath: path))?.size ?? 0 }
        inode.passDescriptor(to: successor)
        files[successor.id] = successor
        byIdentity[identity] = successor
        byPath[path] = successor
        lineage[successor.firstPath] = successor
        report(.found(successor))
        markReadable(successor)
    }

    /// Looks for a copy of what `file` was, and goes on in it.
    @discardableResult
    func adoptCopy(for file: TailedFile, nextTo path: String? = nil, otherThan replaced: FileIdentity? = nil) -> Bool {
        let path = path ?? file.firstPath
        guard file.counted.offset > 0 || file.head.length > 0 else { return false }
        let directory = Self.directory(of: path)
        guard let entries = try? Directory.entries(of: directory) else { return false }
        var best: FileDiscovery.Found?
        for entry in entries where RotatedName.isRotation(entry.name, of: Self.name(of: file.firstPath)) {
            let candidate = directory + (directory == "/" ? "" : "/") + entry.name
            guard let status = try? FileStatus(ofPath: candidate), status.kind == .regular, byIdentity[FileIdentity(status)] == nil,
                FileIdentity(status) != replaced, status.birthNanoseconds >= best?.status.birthNanoseconds ?? 0
            else { continue }
            let found = FileDiscovery.Found(path: candidate, status: status, isLink: false)
            if isCopy(found, of: file) { best = found }
        }
        guard let best else { return false }
        let copy = temporaryFile(best)
        guard (try? copy.openIfNeeded()) == true else { return false }
        file.continueInCopy(copy)
        file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
        file.observedSize = max(file.observedSize, best.status.size)
        if isFirstScan { file.sizeAtStart = best.status.size }
        byIdentity[file.identity] = file
        byPath[best.path] = file
        possibleCopies[best.path] = nil
        report(.continuedInCopy(file))
        markReadable(file)
        return true
    }

    /// Whether `found` begins with all that was read of `file`.
    private func isCopy(_ found: FileDiscovery.Found, of file: TailedFile) -> Bool {
        guard file.head.length > 0, found.status.size >= file.counted.offset else { return false }
        return (try? temporaryFile(found).matches(head: file.head, at: file.counted)) ?? false
    }

    private func temporaryFile(_ found: FileDiscovery.Found) -> TailedFile {
        TailedFile(
            id: 0, sourceIndex: 0, path: found.path, identity: FileIdentity(found.status), counted: .start, lastSeenNanoseconds: 0)
    }
}

// MARK: Copies in progress

extension TailSet {
    /// The file that `found` may become a copy of: its name says so, and it is younger.
    func possibleOriginal(of found: FileDiscovery.Found) -> TailedFile? {
        let directory = Self.directory(of: found.path)
        for original in RotatedName.possibleOriginals(of: Self.name(of: found.path)) {
            guard let file = byPath[directory + (directory == "/" ? "" : "/") + original], file.presence == .named,
                found.status.birthNanoseconds >= file.identity.birthNanoseconds
            else { continue }
            return file
        }
        return nil
    }

    /// Looks again at a file that may be a copy in progress: decides, or waits.
    func reconsider(_ copy: PossibleCopy, now: UInt64) {
        guard possibleCopies[copy.found.path]?.identity == copy.identity else { return }
        var copy = copy
        guard let status = try? FileStatus(ofPath: copy.found.path), FileIdentity(status) == copy.identity else {
            possibleCopies[copy.found.path] = nil
            return
        }
        if status.size != copy.lastSize {
            copy.lastSize = status.size
            copy.lastChangeNanoseconds = now
        }
        copy.found.status = status
        possibleCopies[copy.found.path] = copy
        let hasWaited = SystemClock.nanoseconds(from: copy.lastChangeNanoseconds, to: now) > copyWaitNanoseconds
        if hasWaited || !mayBecomeCopy(copy.found, of: copy.original) {
            possibleCopies[copy.found.path] = nil
            addFile(copy.found, copy.identity, sourceIndex: copy.sourceIndex, firstPath: copy.found.path)
        }
    }

    /// Whether `found` holds all that was read of `original`, or may still come to hold it.
    private func mayBecomeCopy(_ found: FileDiscovery.Found, of original: TailedFile) -> Bool {
        guard original.head.length > 0 else { return false }
        if found.status.size >= original.counted.offset && found.status.size >= UInt64(original.head.length) {
            return isCopy(found, of: original)
        }
        guard found.status.size >= UInt64(original.head.length) else { return true }
        return (try? temporaryFile(found).matches(head: original.head, at: .start)) ?? false
    }
}
