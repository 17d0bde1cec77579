import Glibc
import SystemIO

/// Walks the directories that a source's patterns can reach.
package struct FileDiscovery {
    package struct Found {
        package var path: String
        package var status: FileStatus
        /// Reached through a symbolic link: its directory's watch does not tell of changes.
        package var isLink: Bool
    }

    /// Files that match, each once.
    package private(set) var files: [Found] = []
    /// Every directory that was looked into, and the nearest one above where a base directory is missing.
    package private(set) var directories: [String] = []
    package private(set) var errors: [SystemError] = []

    private static let maximumDepth = 32
    /// The directories from the base down to where the walk is, to leave out links that lead back to one of them.
    private var ancestors: [FileIdentity] = []

    package init(_ source: TailSource) {
        var visited: Set<String> = []
        for pattern in source.include {
            for base in pattern.baseDirectories {
                let existing = Self.nearestExisting(base)
                if existing != base {
                    if visited.insert(existing).inserted { directories.append(existing) }
                    continue
                }
                walk(base, source, depth: 0, &visited)
            }
        }
    }

    private mutating func walk(_ directory: String, _ source: TailSource, depth: Int, _ visited: inout Set<String>) {
        guard depth < Self.maximumDepth, visited.insert(directory).inserted else { return }
        let entries: [Directory.Entry]
        do throws(SystemError) {
            let identity = FileIdentity(try FileStatus(ofPath: directory))
            if ancestors.contains(identity) { return }
            entries = try Directory.entries(of: directory)
            ancestors.append(identity)
        } catch {
            if error.code != ENOENT { errors.append(error) }
            return
        }
        defer { ancestors.removeLast() }
        directories.append(directory)
        for entry in entries {
            let path = directory + (directory == "/" ? "" : "/") + entry.name
            switch entry.kind {
            case .directory:
                if source.include.contains(where: { $0.mayMatch(below: path) }) { walk(path, source, depth: depth + 1, &visited) }
            case .regular, .symbolicLink, nil:
                consider(path, entry, source, depth: depth, &visited)
            case .other:
                continue
            }
        }
    }

    private mutating func consider(
        _ path: String, _ entry: Directory.Entry, _ source: TailSource, depth: Int, _ visited: inout Set<String>
    ) {
        let takes = source.takes(path)
        guard takes || entry.kind != .regular else { return }
        do throws(SystemError) {
            let status = try FileStatus(ofPath: path)
            switch status.kind {
            case .regular: if takes { files.append(Found(path: path, status: status, isLink: entry.kind == .symbolicLink)) }
            case .directory:
                if source.include.contains(where: { $0.mayMatch(below: path) }) { walk(path, source, depth: depth + 1, &visited) }
            case .symbolicLink, .other: break
            }
        } catch {
            // A link to nowhere, or a file that went away between the two looks.
            if error.code != ENOENT && error.code != ELOOP { errors.append(error) }
        }
    }

    private static func nearestExisting(_ directory: String) -> String {
        var current = directory
        while current != "/" && access(current, F_OK) != 0 {
            let parent = current.lastIndex(of: "/").map { String(current[..<$0]) } ?? ""
            current = parent.isEmpty ? "/" : parent
        }
        return current
    }
}
