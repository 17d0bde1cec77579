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

    /// Links that lead where none may lead to.
    package private(set) var refusedLinks: [RefusedLink] = []

    package struct RefusedLink: Equatable {
        package var path: String
        package var target: String
    }

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
                walk(base, source, depth: 0, isBehindLink: false, &visited)
            }
        }
    }

    private mutating func walk(
        _ directory: String, _ source: TailSource, depth: Int, isBehindLink: Bool, _ visited: inout Set<String>
    ) {
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
                if source.include.contains(where: { $0.mayMatch(below: path) }) {
                    walk(path, source, depth: depth + 1, isBehindLink: isBehindLink, &visited)
                }
            case .regular, .symbolicLink, nil:
                consider(path, entry, source, depth: depth, isBehindLink: isBehindLink, &visited)
            case .other:
                continue
            }
        }
    }

    private mutating func consider(
        _ path: String, _ entry: Directory.Entry, _ source: TailSource, depth: Int, isBehindLink: Bool, _ visited: inout Set<String>
    ) {
        let takes = source.takes(path)
        guard takes || entry.kind != .regular else { return }
        do throws(SystemError) {
            let isLink = entry.kind == nil ? try Self.isLink(path) : entry.kind == .symbolicLink
            guard isLink || isBehindLink else {
                let status = try FileStatus(ofPath: path)
                if status.kind == .regular && takes { files.append(Found(path: path, status: status, isLink: false)) }
                return
            }
            let target = try Directory.resolvedPath(of: path)
            let status = try FileStatus(ofPath: target, followingLinks: false)
            switch status.kind {
            case .regular where takes:
                if source.allowsLink(from: path, to: target) {
                    files.append(Found(path: path, status: status, isLink: isLink))
                } else {
                    refusedLinks.append(RefusedLink(path: path, target: target))
                }
            case .directory:
                // What the files in it are is looked at one by one.
                if source.include.contains(where: { $0.mayMatch(below: path) }) {
                    walk(path, source, depth: depth + 1, isBehindLink: true, &visited)
                }
            case .regular, .symbolicLink, .other: break
            }
        } catch {
            // A link to nowhere, or a file that went away between the two looks.
            if error.code != ENOENT && error.code != ELOOP { errors.append(error) }
        }
    }

    private static func isLink(_ path: String) throws(SystemError) -> Bool {
        try FileStatus(ofPath: path, followingLinks: false).kind == .symbolicLink
    }

    /// What `path`, a name that `source` takes, leads to; nil where no link may lead to it.
    package static func found(at path: String, _ source: TailSource) throws(SystemError) -> Found? {
        let target = try Directory.resolvedPath(of: path)
        let status = try FileStatus(ofPath: target, followingLinks: false)
        guard target == path || source.allowsLink(from: path, to: target) else { return nil }
        return Found(path: path, status: status, isLink: target == path ? false : try isLink(path))
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
