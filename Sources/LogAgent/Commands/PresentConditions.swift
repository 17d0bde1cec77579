import Glibc
import Tailing

/// What looks odd about a configuration on this machine right now, though it may change: files that are not there, cannot be
/// read or belong to two sources, directories that cannot be written.
enum PresentConditions {
    /// So many unreadable or shared files are told one by one.
    private static let toldFiles = 3

    static func warnings(_ settings: LogAgentSettings) -> [String] {
        var warnings: [String] = []
        var owners: [String: String] = [:]
        var unreadable: [String] = []
        var shared: [String] = []
        for source in settings.sources {
            let excluded = source.exclude.map(GlobPattern.init)
            for pattern in source.include {
                // `glob(3)` knows no `**`; what it would match is not looked at.
                if pattern.contains("**") { continue }
                let paths = files(matching: pattern).filter { path in !excluded.contains { $0.matchesName(ofPath: path) } }
                if paths.isEmpty {
                    warnings.append("source `\(source.name)`: \(pattern) matches no file now (it will be looked for while running).")
                }
                for path in paths {
                    if access(path, R_OK) != 0 { unreadable.append("\(path): \(String(cString: strerror(errno)))") }
                    if let owner = owners[path], owner != source.name {
                        shared.append("\(path) is taken by source `\(owner)` and by source `\(source.name)`")
                    } else {
                        owners[path] = source.name
                    }
                }
            }
        }
        warnings += few(unreadable).map { "cannot read \($0)." }
        warnings += few(shared).map { "\($0)." }
        var directories = [settings.dataDirectory]
        for output in settings.outputs { if case .directory(let directory) = output.destination { directories.append(directory.path) } }
        warnings += directories.compactMap { directory in
            writeProblem(directory).map { "cannot write to \(directory): \($0)." }
        }
        return warnings
    }

    /// Regular files only.
    private static func files(matching pattern: String) -> [String] {
        let braces: Int32 = 1 << 10
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, braces, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { index in
            guard let path = matches.gl_pathv[index] else { return nil }
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? String(cString: path) : nil
        }
    }

    /// A directory that is not there yet is made in the nearest one above that is.
    private static func writeProblem(_ directory: String) -> String? {
        var path = directory
        while access(path, F_OK) != 0 && errno == ENOENT && path != "/" {
            path = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "/"
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { return "\(path) is not a directory" }
        return access(path, W_OK | X_OK) == 0 ? nil : "\(path == directory ? "" : path + ": ")\(String(cString: strerror(errno)))"
    }

    private static func few(_ all: [String]) -> [String] {
        all.count <= toldFiles ? all : all.prefix(toldFiles) + ["\(all[toldFiles]), and \(all.count - toldFiles - 1) more"]
    }
}
