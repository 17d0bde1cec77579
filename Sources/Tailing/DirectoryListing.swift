import SystemIO

/// The names in one directory, so that many files in it can be looked for without reading it again for each.
final class DirectoryListing {
    private let directory: String
    /// Of the directory, as it was read; nanoseconds since 1970.
    private let modifiedNanoseconds: UInt64
    private let readNanoseconds: UInt64
    private var namesByInode: [UInt64: [String]] = [:]
    private var names: [String] = []
    /// By the name that they are rotations of; made when it is first asked for.
    private lazy var rotations: [String: [String]] = makeRotations()

    init(_ directory: String) {
        self.directory = directory
        readNanoseconds = SystemClock.wallNanoseconds()
        modifiedNanoseconds = (try? FileStatus(ofPath: directory))?.modifiedNanoseconds ?? 0
        for entry in (try? Directory.entries(of: directory)) ?? [] where entry.kind != .directory {
            namesByInode[entry.inode, default: []].append(entry.name)
            names.append(entry.name)
        }
    }

    /// Nothing was made, renamed or removed in the directory since it was read.
    var isCurrent: Bool {
        guard let now = (try? FileStatus(ofPath: directory))?.modifiedNanoseconds else { return false }
        return now == modifiedNanoseconds && modifiedNanoseconds + TailSet.birthLagNanoseconds < readNanoseconds
    }

    func paths(ofInode inode: UInt64) -> [String] { (namesByInode[inode] ?? []).map(path) }

    /// The files that a rotation may have made of `path`, by their names.
    func rotations(of path: String) -> [String] { (rotations[TailSet.name(of: path)] ?? []).map(self.path) }

    private func path(_ name: String) -> String { directory + (directory == "/" ? "" : "/") + name }

    private func makeRotations() -> [String: [String]] {
        var rotations: [String: [String]] = [:]
        for name in names {
            for original in Set(RotatedName.possibleOriginals(of: name)) { rotations[original, default: []].append(name) }
        }
        return rotations
    }
}

extension TailSet {
    /// The directory that `path` stands in, as it is now.
    func listing(ofDirectoryOf path: String) -> DirectoryListing {
        let directory = Self.directory(of: path)
        if let known = listings[directory], known.isCurrent { return known }
        let read = DirectoryListing(directory)
        listings[directory] = read
        return read
    }
}
