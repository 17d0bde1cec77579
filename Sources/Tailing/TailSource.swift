import SystemIO

/// Which files one source reads.
package struct TailSource: Sendable {
    package enum StartPosition: Sendable { case beginning, end }

    package var name: String
    package var include: [GlobPattern]
    package var exclude: [GlobPattern]
    /// For files that are there, unknown, at the first look.
    package var startPosition: StartPosition
    package var alwaysPolls: Bool
    /// Of files that are older when they are found only what comes later is read; nil: of all everything. In nanoseconds.
    package var ignoredAgeNanoseconds: UInt64?
    /// Files that rest for this long may be removed once they are delivered; nil: never.
    package var removedAgeNanoseconds: UInt64?
    /// Each file is read to its end before one that was modified later.
    package var readsOldestFirst = false
    /// Where links may lead besides: the paths of files, without links in them.
    package var linkTargets: [GlobPattern] = []
    /// The files of each directory are one after the other, in the order of their names: each is read once those before it are.
    package var isSeries = false

    /// Directories that the agent alone writes to, and files that it writes elsewhere: to read them would be to write more of them.
    package var ownDirectories: [String] = []
    package var ownFiles: [GlobPattern] = []

    /// The segments of the capture logs in `directories`.
    package init(name: String, segmentsIn directories: [String]) {
        self.name = name
        include = directories.map { GlobPattern(filesIn: $0, named: "*.log") }
        exclude = []
        startPosition = .beginning
        alwaysPolls = false
        isSeries = true
    }

    /// What its files are encoded in, unless a mark at their beginning says otherwise.
    package var encoding = TextEncoding.utf8

    package init(
        name: String, include: [String], exclude: [String], startPosition: StartPosition, alwaysPolls: Bool,
        ignoredAgeNanoseconds: UInt64? = nil, removedAgeNanoseconds: UInt64? = nil, readsOldestFirst: Bool = false,
        linkTargets: [String] = [],
        encoding: TextEncoding = .utf8
    ) {
        self.encoding = encoding
        self.removedAgeNanoseconds = removedAgeNanoseconds
        self.ignoredAgeNanoseconds = ignoredAgeNanoseconds
        self.readsOldestFirst = readsOldestFirst
        self.linkTargets = linkTargets.map(GlobPattern.init)
        self.name = name
        self.include = include.map(GlobPattern.init)
        self.exclude = exclude.map(GlobPattern.init)
        self.startPosition = startPosition
        self.alwaysPolls = alwaysPolls
    }

    package func takes(_ path: String) -> Bool {
        include.contains { $0.matches(path) } && !excludes(path)
    }

    /// Whether the file at `target`, which `path` leads to by links, may be read: a name that the source takes itself, one that was
    /// allowed, or the same name below the directory that a pattern begins with, where that directory is the link.
    package func allowsLink(from path: String, to target: String) -> Bool {
        if takes(target) || linkTargets.contains(where: { $0.matches(target) }) { return true }
        return include.contains { pattern in
            pattern.baseDirectories.contains { base in
                guard let resolved = try? Directory.resolvedPath(of: base), Self.isBelow(resolved, target) else { return false }
                return pattern.matches(base + target.dropFirst(resolved.count)) && !excludes(path)
            }
        }
    }

    private static func isBelow(_ directory: String, _ path: String) -> Bool {
        path.utf8.starts(with: directory.utf8) && path.utf8.dropFirst(directory.utf8.count).first == UInt8(ascii: "/")
    }

    /// Compressed files are excluded unless a pattern names their suffix: their bytes are not lines. What the agent writes itself
    /// always is.
    package func excludes(_ path: String) -> Bool {
        if ownDirectories.contains(where: { Self.isBelow($0, path) }) || ownFiles.contains(where: { $0.matches(path) }) { return true }
        if exclude.contains(where: { $0.matchesName(ofPath: path) }) { return true }
        guard let suffix = RotatedName.compressedSuffix(of: path) else { return false }
        return !include.contains { $0.text.hasSuffix(suffix) }
    }
}
