import Glibc
import SystemIO

/// A new file that so far holds nothing but the beginning of another: a copytruncate rotation in progress, or a chance likeness.
struct PossibleCopy {
    var found: FileDiscovery.Found
    let identity: FileIdentity
    let sourceIndex: Int
    let original: TailedFile
    var lastSize: UInt64 = 0
    /// Compressed, whole, and the same content: it is left alone for as long as it stays as it is.
    var isCompressedCopy = false
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
        if old != path { report(.renamed(file, from: old)) }
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
            file.pathBefore = old
            report(.renamed(file, from: old))
        } else if let path = nameOfInode(file, inDirectoryOf: old) {
            moveName(of: file, to: path)
        } else {
            file.presence = .rotated(sinceNanoseconds: now)
            file.pathBefore = old
            report(.renamed(file, from: old))
            if !file.isOpen { adoptCopy(for: file, compressedOnly: true) }
        }
        markReadable(file)
    }

    /// All of `file` was read and delivered, and its name is gone. Where it was compressed meanwhile, it goes on as that, so that
    /// nothing is read again. False where it wasn't, or nobody would read it.
    package func continuesCompressed(_ file: TailedFile) -> Bool {
        guard sources.contains(where: { source in source.include.contains { $0.text.hasSuffix(RotatedName.readableSuffix) } }) else {
            return false
        }
        return adoptCopy(for: file, compressedOnly: true)
    }

    private func nameOfInode(_ file: TailedFile, inDirectoryOf path: String) -> String? {
        for candidate in listing(ofDirectoryOf: path).paths(ofInode: file.identity.inode) {
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
                    verifyContent(of: file, size: status.size, seenBefore: file.lastSeenNanoseconds)
                    continue
                }
            }
            file.pathBefore = file.path
            file.path = nil
            file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
            markReadable(file)
        }
        unverified.removeAll()
        for (path, newest) in lineage where byPath[path] == nil {
            // No file has the name now, but one may have had it meanwhile.
            addMissedRotations(since: newest.lastSeenNanoseconds, path: path, sourceIndex: newest.sourceIndex)
        }
        for file in Array(files.values) where file.path == nil && !file.isGone { adoptCopy(for: file) }
    }

    /// Whether the inode still holds what was read of it, after a time without a look that began at `seenBefore` (since 1970).
    /// One that can't be opened now is checked by each later read.
    func verifyContent(of file: TailedFile, size: UInt64, seenBefore: UInt64) {
        if file.inflatedFileSize > 0 && file.inflatedFileSize == size && file.counted.offset >= file.observedSize {
            // As large as when all of it had been inflated: to inflate it again would show nothing new.
            report(.resumed(file))
            return
        }
        do throws(SystemError) {
            // Its name may have been given to another file since it was found: that is no other content.
            if try !file.openIfNeeded() { lostName(file) }
            if try file.openIfNeeded(), try !file.matches(head: file.head, at: file.counted) {
                return replaceContent(of: file, missedSince: seenBefore)
            }
        } catch {
            reportOnce(.unreadable(path: file.path ?? file.firstPath, error), key: file.firstPath)
        }
        file.sizeAtStart = size
        file.sizeWhenFound = size
        keepInflating(file)
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

    /// Rotated files that no one has seen under their first name: they came and went while nobody looked, since `time` (since 1970).
    func addMissedRotations(since time: UInt64, path: String, sourceIndex: Int) {
        let bornAfter = SystemClock.nanoseconds(from: Self.birthLagNanoseconds, to: time)
        var missed: [FileDiscovery.Found] = []
        for candidate in listing(ofDirectoryOf: path).rotations(of: path) {
            guard !sources[sourceIndex].excludes(candidate), let status = try? FileStatus(ofPath: candidate), status.kind == .regular,
                status.birthNanoseconds > bornAfter, byIdentity[FileIdentity(status)] == nil
            else { continue }
            // Compressing an old file makes a new one that keeps the time of the content.
            if RotatedName.compressedSuffix(of: candidate) != nil && status.modifiedNanoseconds <= bornAfter { continue }
            let found = FileDiscovery.Found(path: candidate, status: status, isLink: false)
            if knownOriginal(of: found, path: path) != nil || isCopyInProgress(found, ofContentAt: path) { continue }
            missed.append(found)
        }
        for found in missed.sorted(by: { $0.status.birthNanoseconds < $1.status.birthNanoseconds })
        // Names that moved while they were looked at may lead to one file.
        where byIdentity[FileIdentity(found.status)] == nil {
            possibleCopies[found.path] = nil
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

    /// The content, read under `path` already, that a copytruncate has made `found` a copy of.
    private func knownOriginal(of found: FileDiscovery.Found, path: String) -> TailedFile? {
        guard let original = lineage[path] ?? byPath[path] else { return nil }
        return files.values.first {
            $0.firstPath == original.firstPath && $0.counted.offset > 0 && isCopy(found, of: $0)
        }
    }
}

// MARK: Content that is replaced in place

extension TailSet {
    /// The inode of `file` holds another content now: its own ended. Goes on in a copy where a rotation has left one.
    package func replacedInPlace(_ file: TailedFile) { replaceContent(of: file, missedSince: file.lastSeenNanoseconds) }

    private func replaceContent(of file: TailedFile, missedSince seenBefore: UInt64) {
        if isSpilled(file) { return contentIsGone(file, .spillFailed) }
        guard let path = file.path ?? byPath.first(where: { $0.value === file })?.key, !file.isGone else {
            contentIsGone(file, .truncated)
            return
        }
        let identity = file.identity
        byIdentity[identity] = nil
        if byPath[path] === file { byPath[path] = nil }
        file.path = nil
        // What is open is the new content.
        var opened = file.takeDescriptor()
        let hasCopy = adoptCopy(for: file, otherThan: identity)
        if path != file.firstPath && isNotItsOwn(path, contentAfter: file) {
            if !hasCopy { contentIsGone(file, .truncated) }
            return
        }
        addMissedRotations(since: seenBefore, path: path, sourceIndex: file.sourceIndex)
        if byIdentity[identity] != nil {
            // It was rotated away meanwhile, and is one of those.
            if !hasCopy { contentIsGone(file, .truncated) }
            return
        }
        let successor = TailedFile(
            id: makeID(), sourceIndex: file.sourceIndex, path: file.firstPath, identity: identity, counted: .start,
            lastSeenNanoseconds: SystemClock.wallNanoseconds())
        successor.path = path
        successor.needsPolling = file.needsPolling
        successor.lastActivityNanoseconds = SystemClock.monotonicNanoseconds()
        if path == file.firstPath {
            successor.predecessor = lineage[path] ?? file
            lineage[path] = successor
        } else {
            // It was rotated away after it was truncated: what has its first name now is newer.
            successor.presence = .rotated(sinceNanoseconds: successor.lastActivityNanoseconds)
            successor.predecessor = file
            if let newer = byPath[file.firstPath], newer.predecessor === file { newer.predecessor = successor }
            if lineage[file.firstPath] === file { lineage[file.firstPath] = successor }
        }
        if isFirstScan { successor.sizeAtStart = (try? FileStatus(ofPath: path))?.size ?? 0 }
        successor.useDescriptor(opened.take())
        successor.noteHead()
        files[successor.id] = successor
        byIdentity[identity] = successor
        byPath[path] = successor
        if !hasCopy { contentIsGone(file, .truncated) }
        report(.found(successor))
        markReadable(successor)
    }

    /// Whether the content under a name that a rotation gave is taken by that name, or is the copy that a rotation makes of what
    /// `file`'s first name leads to now: then it is no generation between the two.
    private func isNotItsOwn(_ path: String, contentAfter file: TailedFile) -> Bool {
        guard let status = try? FileStatus(ofPath: path) else { return true }
        let found = FileDiscovery.Found(path: path, status: status, isLink: file.needsPolling)
        if let source = sources.firstIndex(where: { $0.takes(path) }) {
            consider(found, sourceIndex: source)
            return true
        }
        guard let live = byPath[file.firstPath] else { return false }
        // A whole copy has what was read of the live content, whether or not that was truncated meanwhile; a part can only be compared.
        let isWhole = status.size >= max(live.counted.offset, UInt64(live.head.length))
        return isWhole ? isCopy(found, of: live) : isCopyInProgress(found, ofContentAt: file.firstPath)
    }

    /// Looks for a copy of what `file` was, and goes on in it.
    @discardableResult
    func adoptCopy(for file: TailedFile, otherThan replaced: FileIdentity? = nil, compressedOnly: Bool = false) -> Bool {
        guard file.counted.offset > 0 || file.head.length > 0 else { return false }
        var candidates = listing(ofDirectoryOf: file.firstPath).rotations(of: file.firstPath)
        if let before = file.pathBefore { candidates.append(before + RotatedName.readableSuffix) }
        var best: FileDiscovery.Found?
        for candidate in candidates {
            if compressedOnly && !candidate.hasSuffix(RotatedName.readableSuffix) { continue }
            guard let status = try? FileStatus(ofPath: candidate), status.kind == .regular, byIdentity[FileIdentity(status)] == nil,
                FileIdentity(status) != replaced, status.birthNanoseconds >= best?.status.birthNanoseconds ?? 0
            else { continue }
            let found = FileDiscovery.Found(path: candidate, status: status, isLink: false)
            if isCopy(found, of: file) { best = found }
        }
        guard let best else { return false }
        let copy = temporaryFile(best)
        guard (try? copy.openIfNeeded()) == true else { return false }
        let isWhole =
            copy.isCompressed && file.counted.offset >= file.observedSize
            && (try? copy.contentSizeModulo32()) == UInt32(truncatingIfNeeded: file.counted.offset)
        file.continueInCopy(copy)
        file.presence = .rotated(sinceNanoseconds: SystemClock.monotonicNanoseconds())
        if file.isCompressed {
            // Nothing is left to read, so it need not be inflated.
            if isWhole { file.inflatedFileSize = best.status.size }
            file.inflations.removeAll()
        } else {
            file.observedSize = max(file.observedSize, best.status.size)
        }
        if isFirstScan { file.sizeAtStart = best.status.size }
        byIdentity[file.identity] = file
        byPath[best.path] = file
        possibleCopies[best.path] = nil
        report(.continuedInCopy(file))
        if !isWhole { markReadable(file) }
        return true
    }

    /// Whether `found` begins with all that was read of `file`.
    private func isCopy(_ found: FileDiscovery.Found, of file: TailedFile) -> Bool {
        guard file.head.length > 0, found.isCompressed || found.status.size >= file.counted.offset else { return false }
        return (try? temporaryFile(found).matches(head: file.head, at: file.counted)) ?? false
    }

    private func temporaryFile(_ found: FileDiscovery.Found) -> TailedFile {
        TailedFile(
            id: 0, sourceIndex: 0, path: found.path, identity: FileIdentity(found.status), counted: .start, lastSeenNanoseconds: 0)
    }
}

// MARK: Copies in progress

extension TailSet {
    /// The file that `found` may become a copy of, or is one of: its name says so, and it is younger.
    func possibleOriginal(of found: FileDiscovery.Found) -> TailedFile? {
        let directory = Self.directory(of: found.path)
        for original in RotatedName.possibleOriginals(of: Self.name(of: found.path)) {
            let path = directory + (directory == "/" ? "" : "/") + original
            if let file = byPath[path], file.presence == .named, found.status.birthNanoseconds >= file.identity.birthNanoseconds,
                mayBecomeCopy(found, of: file)
            {
                return file
            }
            if found.isCompressed, let file = byPath[path], !file.isGone, mayBecomeCopy(found, of: file) { return file }
            // The original may have been truncated, and even rotated away after that.
            if let file = knownOriginal(of: found, path: path) { return file }
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
        if byIdentity[copy.identity] != nil {
            // It is followed by now, under another name.
            possibleCopies[copy.found.path] = nil
            return
        }
        if status.size != copy.lastSize {
            copy.lastSize = status.size
            copy.lastChangeNanoseconds = now
            copy.isCompressedCopy = false
        }
        if copy.isCompressedCopy { return }
        copy.found.status = status
        possibleCopies[copy.found.path] = copy
        let hasWaited = SystemClock.nanoseconds(from: copy.lastChangeNanoseconds, to: now) > copyWaitNanoseconds
        if hasWaited && copy.found.isCompressed && isCopy(copy.found, of: copy.original) {
            copy.isCompressedCopy = true
            possibleCopies[copy.found.path] = copy
            return
        }
        if hasWaited || !mayBecomeCopy(copy.found, of: copy.original) {
            possibleCopies[copy.found.path] = nil
            addFile(copy.found, copy.identity, sourceIndex: copy.sourceIndex, firstPath: copy.found.path)
        }
    }

    /// Whether `found` holds all that was read of `original`, or may still come to hold it.
    private func mayBecomeCopy(_ found: FileDiscovery.Found, of original: TailedFile) -> Bool {
        guard original.head.length > 0 else { return false }
        if found.isCompressed { return mayBecomeCompressedCopy(found, of: original) }
        if found.status.size >= original.counted.offset && found.status.size >= UInt64(original.head.length) {
            return isCopy(found, of: original)
        }
        guard found.status.size >= UInt64(original.head.length) else { return true }
        return (try? temporaryFile(found).matches(head: original.head, at: .start)) ?? false
    }

    /// Where its beginning can be inflated, that tells; where it can't be yet, it may still be written.
    private func mayBecomeCompressedCopy(_ found: FileDiscovery.Found, of original: TailedFile) -> Bool {
        let copy = temporaryFile(found)
        do throws(SystemError) {
            guard try copy.openIfNeeded() else { return true }
            try copy.refreshHead()
            switch copy.form {
            case .unknown: return true
            case .plain: return false
            case .gzip:
                return copy.head.length < original.head.length ? true : try copy.inflatedMatches(head: original.head, at: .start)
            }
        } catch {
            return true
        }
    }
}

extension FileDiscovery.Found {
    /// By its name.
    var isCompressed: Bool { path.hasSuffix(RotatedName.readableSuffix) }
}
