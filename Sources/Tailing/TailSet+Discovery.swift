import Glibc
import SystemIO

// MARK: Looking at the file system

extension TailSet {
    /// Looks at everything that the sources' patterns can reach.
    func scan() {
        wantsScan = false
        let start = SystemClock.monotonicNanoseconds()
        defer {
            lastScanNanoseconds = SystemClock.monotonicNanoseconds()
            scanDurationNanoseconds = lastScanNanoseconds - start
        }
        polledDirectories.removeAll(keepingCapacity: true)
        var seen: Set<String> = []
        for (index, source) in sources.enumerated() {
            let discovery = FileDiscovery(source)
            for directory in discovery.directories { watchDirectory(directory, source) }
            for link in discovery.refusedLinks { reportOnce(.linkNotFollowed(path: link.path, target: link.target), key: link.path) }
            for error in discovery.errors { reportOnce(.unreadable(path: error.subject, error), key: error.subject) }
            // Older content first, so that a rotated file is there before its successor.
            for found in discovery.files.sorted(by: {
                ($0.status.modifiedNanoseconds, $0.path) < ($1.status.modifiedNanoseconds, $1.path)
            })
            where seen.insert(found.path).inserted {
                consider(found, sourceIndex: index)
            }
        }
        // Names that no pattern takes, and names that are gone: events may have been missed.
        for file in Array(files.values) where !unverified.contains(file.id) {
            guard let path = file.path, !seen.contains(path) || byPath[path] !== file else { continue }
            if let status = try? FileStatus(ofPath: path), FileIdentity(status) == file.identity { continue }
            lostName(file)
        }
    }

    private func watchDirectory(_ directory: String, _ source: TailSource) {
        guard !source.alwaysPolls, let watch, !DirectoryWatch.isUnreliable(at: directory) else {
            polledDirectories.insert(directory)
            return
        }
        do throws(SystemError) {
            // What came between the look and the watch was seen by neither.
            if try watch.watch(directory) { wantsScan = true }
        } catch {
            polledDirectories.insert(directory)
            reportOnce(.polling(directory: directory, error), key: "watch " + directory)
        }
    }

    /// A name that a source takes leads to this inode now.
    func consider(_ found: FileDiscovery.Found, sourceIndex: Int) {
        guard found.status.kind == .regular else { return }
        let identity = FileIdentity(found.status)
        if let file = knownFile(identity) {
            recognise(file, found, sourceIndex: sourceIndex)
        } else {
            if let previous = byPath[found.path] { lostName(previous) }
            addUnknown(found, identity, sourceIndex: sourceIndex)
        }
    }

    /// By device, inode and birth time; devices are numbered anew when a machine or container starts, so a restored file
    /// may also be found by the other two.
    private func knownFile(_ identity: FileIdentity) -> TailedFile? {
        if let file = byIdentity[identity] { return file }
        guard !unverified.isEmpty, identity.birthNanoseconds != 0 else { return nil }
        let moved = unverified.lazy.compactMap { self.files[$0] }.first {
            $0.identity.inode == identity.inode && $0.identity.birthNanoseconds == identity.birthNanoseconds
        }
        guard let moved else { return nil }
        byIdentity[moved.identity] = nil
        moved.identity = identity
        byIdentity[identity] = moved
        return moved
    }

    private func recognise(_ file: TailedFile, _ found: FileDiscovery.Found, sourceIndex: Int) {
        let seenBefore = file.lastSeenNanoseconds
        file.lastSeenNanoseconds = SystemClock.wallNanoseconds()
        if file.path != found.path {
            // A second name of the same inode is not another file.
            if let path = file.path, let status = try? FileStatus(ofPath: path), FileIdentity(status) == file.identity {
                if unverified.contains(file.id) { verify(file, found, sourceIndex: sourceIndex, seenBefore: seenBefore) }
                return
            }
            if let other = byPath[found.path], other !== file { lostName(other) }
            moveName(of: file, to: found.path)
        }
        file.needsPolling = needsPolling(found)
        if unverified.contains(file.id) {
            verify(file, found, sourceIndex: sourceIndex, seenBefore: seenBefore)
        } else if file.holdsMore(atSize: found.status.size) {
            markReadable(file)
        }
    }

    /// The first sight of a file that a checkpoint remembers: is it still the content that was read?
    private func verify(_ file: TailedFile, _ found: FileDiscovery.Found, sourceIndex: Int, seenBefore: UInt64) {
        unverified.remove(file.id)
        file.sourceIndex = sourceIndex
        file.needsPolling = needsPolling(found)
        byPath[found.path] = file
        if file.head.length == 0 && found.path == file.firstPath {
            // It was empty when it was last seen, so nothing tells whether contents came and went since: they are older than what is there.
            lineage[found.path] = file.predecessor
            addMissedRotations(since: seenBefore, path: found.path, sourceIndex: sourceIndex)
            file.predecessor = lineage[found.path]
            lineage[found.path] = file
        }
        verifyContent(of: file, size: found.status.size, seenBefore: seenBefore)
    }

    private func addUnknown(_ found: FileDiscovery.Found, _ identity: FileIdentity, sourceIndex: Int) {
        if possibleCopies[found.path]?.identity == identity { return }
        if let original = possibleOriginal(of: found) {
            let copy = PossibleCopy(found: found, identity: identity, sourceIndex: sourceIndex, original: original)
            possibleCopies[found.path] = copy
            reconsider(copy, now: SystemClock.monotonicNanoseconds())
            return
        }
        if !addedSources.contains(sourceIndex) {
            addMissedRotations(since: lastSeenNanoseconds(path: found.path), path: found.path, sourceIndex: sourceIndex)
            // It was rotated away since it was found, and is one of those.
            if byIdentity[identity] != nil { return }
        }
        let file = addFile(found, identity, sourceIndex: sourceIndex, firstPath: found.path)
        if let age = sources[sourceIndex].ignoredAgeNanoseconds, file.counted.offset == 0,
            SystemClock.nanoseconds(from: found.status.modifiedNanoseconds, to: SystemClock.wallNanoseconds()) > age
        {
            startAtEnd(file, size: found.status.size)
        }
    }

    /// Begins to follow `found` as a content of its own.
    @discardableResult
    func addFile(_ found: FileDiscovery.Found, _ identity: FileIdentity, sourceIndex: Int, firstPath: String) -> TailedFile {
        let file = TailedFile(
            id: makeID(), sourceIndex: sourceIndex, path: firstPath, identity: identity, counted: .start,
            lastSeenNanoseconds: SystemClock.wallNanoseconds())
        if sources[sourceIndex].isSeries { file.takeAsPlain() }
        file.path = found.path
        file.needsPolling = needsPolling(found)
        file.sizeWhenFound = found.status.size
        file.lastActivityNanoseconds = SystemClock.monotonicNanoseconds()
        if found.path != firstPath { file.presence = .rotated(sinceNanoseconds: file.lastActivityNanoseconds) }
        file.predecessor = lineage[firstPath]
        if isFirstScan {
            if file.predecessor == nil { file.predecessor = rotationBefore(file, found) }
            file.sizeAtStart = found.status.size
        }
        if isFirstScan || addedSources.contains(sourceIndex), sources[sourceIndex].startPosition == .end, file.predecessor == nil {
            startAtEnd(file, size: found.status.size)
        }
        if found.status.size > 0 { file.noteHead() }
        file.inflations.removeAll()
        // Many at once are opened again when it is their turn.
        if readableCount > Self.maximumOpenBeforeRead { file.closeDescriptor() }
        files[file.id] = file
        byIdentity[identity] = file
        byPath[found.path] = file
        lineage[firstPath] = file
        joinSeries(file)
        report(.found(file))
        markReadable(file)
        return file
    }

    /// Files that are there at the start have no history: which of them is a rotation of which, their names and times tell. Nothing
    /// was written to a rotated file after its successor was born; names that are merely alike (`worker.log`, `worker-1.log`) are written side by side.
    private func rotationBefore(_ file: TailedFile, _ found: FileDiscovery.Found) -> TailedFile? {
        let directory = Self.directory(of: found.path)
        let originals = RotatedName.possibleOriginals(of: Self.name(of: found.path)).map { directory + (directory == "/" ? "" : "/") + $0 }
        let latestEnd = found.status.birthNanoseconds + Self.birthLagNanoseconds
        let before = ([found.path] + originals).compactMap { rotationsFound[$0] }.filter { $0.modifiedNanoseconds <= latestEnd }
            .max { $0.modifiedNanoseconds < $1.modifiedNanoseconds }
        for original in originals {
            rotationsFound[original] = RotationFound(content: file, modifiedNanoseconds: found.status.modifiedNanoseconds)
        }
        return before?.content
    }

    private func startAtEnd(_ file: TailedFile, size: UInt64) {
        do throws(SystemError) {
            file.counted = try file.cursorAtLastLine(before: size, declared: sources[file.sourceIndex].encoding)
            if !file.isCompressed { file.observedSize = size }
        } catch {
            reportOnce(.unreadable(path: file.firstPath, error), key: file.firstPath)
        }
    }

    private func needsPolling(_ found: FileDiscovery.Found) -> Bool {
        found.isLink || polledDirectories.contains(Self.directory(of: found.path))
    }

    static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }
}

/// A content that was found under a name that a rotation gave.
struct RotationFound {
    var content: TailedFile
    var modifiedNanoseconds: UInt64
}
