import Configuration

extension ConfigurationNode {
    /// A pattern of the paths of a source's files, with names for parts of them.
    func pathPattern(ofFilesIn globs: [String]) -> LinePattern? {
        guard let pattern = linePattern() else { return nil }
        if let first = pattern.opening.first, first != UInt8(ascii: "/") {
            refuse(found: pattern.text, "use an absolute path: it starts with `/`")
            return nil
        }
        if pattern.names.contains(LineOrigin.pathField) {
            tell("`\(path)` names a part `\(LineOrigin.pathField)`, which is the whole path already; give it another name.")
            return nil
        }
        if !globs.isEmpty && !globs.contains(where: { Self.canFit($0, pattern) }) {
            warn("`\(path)` fits no file that `include` names: they begin otherwise, so their lines lack its fields.")
        }
        return pattern
    }

    /// Whether the texts that both begin with agree.
    private static func canFit(_ glob: String, _ pattern: LinePattern) -> Bool {
        zip(glob.utf8.prefix { !"*?[{\\".utf8.contains($0) }, pattern.opening).allSatisfy { $0 == $1 }
    }
}
