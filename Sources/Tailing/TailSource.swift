/// Which files one source reads.
package struct TailSource: Sendable {
    package enum StartPosition: Sendable { case beginning, end }

    package var name: String
    package var include: [GlobPattern]
    package var exclude: [GlobPattern]
    /// For files that are there, unknown, at the first look.
    package var startPosition: StartPosition
    package var alwaysPolls: Bool
    /// The files of each directory are one after the other, in the order of their names: each is read once those before it are.
    package var isSeries = false

    /// The segments of the capture logs in `directories`.
    package init(name: String, segmentsIn directories: [String]) {
        self.name = name
        include = directories.map { GlobPattern(filesIn: $0, named: "*.log") }
        exclude = []
        startPosition = .beginning
        alwaysPolls = false
        isSeries = true
    }

    package init(name: String, include: [String], exclude: [String], startPosition: StartPosition, alwaysPolls: Bool) {
        self.name = name
        self.include = include.map(GlobPattern.init)
        self.exclude = exclude.map(GlobPattern.init)
        self.startPosition = startPosition
        self.alwaysPolls = alwaysPolls
    }

    package func takes(_ path: String) -> Bool {
        include.contains { $0.matches(path) } && !excludes(path)
    }

    /// Compressed files are excluded unless a pattern names their suffix: their bytes are not lines.
    package func excludes(_ path: String) -> Bool {
        if exclude.contains(where: { $0.matchesName(ofPath: path) }) { return true }
        guard let suffix = RotatedName.compressedSuffix(of: path) else { return false }
        return !include.contains { $0.text.hasSuffix(suffix) }
    }
}
