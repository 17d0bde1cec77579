/// What the path of a container's log tells of the container.
///
/// - `/var/log/pods/<namespace>_<pod>_<pod uid>/<container>/<restart>.log`: what a kubelet keeps. Rotated, it is named
///   `<restart>.log.<time>`.
/// - `/var/log/containers/<pod>_<namespace>_<container>-<container id>.log`: links to these.
/// - `/var/lib/docker/containers/<container id>/<container id>-json.log`: Docker's own.
///
/// Only the last names of the path are looked at, so that a host's directories may be mounted anywhere. Source: Kubernetes,
/// `pkg/kubelet/kuberuntime` (`buildContainerLogsDirectory`, `legacyLogSymlink`); Docker, "JSON File logging driver".
struct ContainerPath: Equatable {
    var namespace: String?
    var pod: String?
    var podUID: String?
    var container: String?
    var containerID: String?
    /// How often the container had been started anew.
    var restart: String?

    init(_ path: String) {
        let names = path.split(separator: "/")
        guard let file = names.last else { return }
        if names.count >= 3, readPodLog(directory: names[names.count - 3], container: names[names.count - 2], file: file) { return }
        if names.count >= 2, readDockerLog(directory: names[names.count - 2], file: file) { return }
        readLink(file)
    }

    private mutating func readPodLog(directory: Substring, container: Substring, file: Substring) -> Bool {
        let parts = directory.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let number = file.range(ofLogSuffix: ".log"), Int(number) != nil else {
            return false
        }
        namespace = String(parts[0])
        pod = String(parts[1])
        podUID = String(parts[2])
        self.container = String(container)
        restart = String(number)
        return true
    }

    private mutating func readDockerLog(directory: Substring, file: Substring) -> Bool {
        guard file.hasPrefix(directory), file.dropFirst(directory.count).hasPrefix("-json.log"), Self.isContainerID(directory) else {
            return false
        }
        containerID = String(directory)
        return true
    }

    private mutating func readLink(_ file: Substring) {
        guard let name = file.range(ofLogSuffix: ".log") else { return }
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        // Neither names of pods nor those of namespaces and containers have underscores.
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let dash = parts[2].lastIndex(of: "-"),
            Self.isContainerID(parts[2][parts[2].index(after: dash)...]), dash > parts[2].startIndex
        else { return }
        pod = String(parts[0])
        namespace = String(parts[1])
        container = String(parts[2][..<dash])
        containerID = String(parts[2][parts[2].index(after: dash)...])
    }

    /// 64 hexadecimal digits.
    private static func isContainerID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

extension Substring {
    /// What stands before `suffix`, which ends the name or is followed by a dot.
    fileprivate func range(ofLogSuffix suffix: String) -> Substring? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(suffix) {
                let behind = rest.dropFirst(suffix.count)
                if behind.isEmpty || behind.first == "." { return self[..<rest.startIndex] }
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
