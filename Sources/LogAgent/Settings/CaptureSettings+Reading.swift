import Configuration

extension SourceSettings.Kind {
    /// The kind that `type` names, with the settings that only it has. An error leaves a placeholder.
    static func read(_ object: ConfigurationObject) -> SourceSettings.Kind {
        let type = object["type"].map { $0.choice(among: names, later: ["journald", "docker", "kubernetes"]) } ?? "file"
        switch type {
        case "stdin":
            refuse(["command", "env", "cwd", "restart", "restart_backoff", "stop_timeout", "main"], of: "exec", object)
            refuse(["listen", "max_connections", "message_timeout"], of: "syslog", object)
            refuseFileSettings(object)
            return .stdin
        case "exec":
            refuse(["listen", "max_connections", "message_timeout"], of: "syslog", object)
            refuseFileSettings(object)
            return .exec(ExecSettings(reading: object))
        case "syslog":
            refuse(["command", "env", "cwd", "restart", "restart_backoff", "stop_timeout", "main"], of: "exec", object)
            refuseFileSettings(object)
            return .syslog(SyslogSettings(reading: object))
        case "file":
            refuse(["command", "env", "cwd", "restart", "restart_backoff", "stop_timeout", "main"], of: "exec", object)
            refuse(["listen", "max_connections", "message_timeout"], of: "syslog", object)
            return .file
        default:
            object.acceptAny()
            return .file
        }
    }

    private static func refuse(_ keys: [String], of type: String, _ object: ConfigurationObject) {
        for key in keys { object.misplaced(key, "it is a setting of sources of type \"\(type)\"") }
    }

    private static func refuseFileSettings(_ object: ConfigurationObject) {
        refuse(
            [
                "include", "exclude", "path_pattern", "start_at", "watch", "poll_interval", "ignore_older", "read_order", "remove_after",
                "link_targets",
            ], of: "file", object)
        object.misplaced(
            "long_lines", "it is a setting of sources of type \"file\"; what is longer than `max_line_bytes` is cut before it is stored")
    }
}

extension CaptureSettings {
    init(reading object: ConfigurationObject) {
        if let bytes = object["max_bytes"]?.size(in: 1 << 20...1 << 40) { maximumBytes = bytes }
    }
}

extension ExecSettings {
    static let defaultMinimumBackoffNanoseconds: UInt64 = 1_000_000_000
    static let defaultMaximumBackoffNanoseconds: UInt64 = 60_000_000_000
    static let defaultStopNanoseconds: UInt64 = 10_000_000_000

    init(reading object: ConfigurationObject) {
        let words = object.required("command", "[\"transcode-service\", \"serve\"]")
        command = words?.words() ?? []
        environment = object["env"]?.environment() ?? []
        workingDirectory = object["cwd"]?.absolutePath()
        restart = object["restart"]?.choice() ?? .onFailure
        minimumBackoffNanoseconds = Self.defaultMinimumBackoffNanoseconds
        maximumBackoffNanoseconds = Self.defaultMaximumBackoffNanoseconds
        if let backoff = object["restart_backoff"]?.object(Backoff.init(reading:)) {
            (minimumBackoffNanoseconds, maximumBackoffNanoseconds) = (backoff.minimum, backoff.maximum)
        }
        stopNanoseconds = object["stop_timeout"]?.duration(in: 100_000_000...3_600_000_000_000) ?? Self.defaultStopNanoseconds
        isMain = object["main"]?.bool()
    }

    private struct Backoff {
        var minimum = defaultMinimumBackoffNanoseconds
        var maximum = defaultMaximumBackoffNanoseconds

        init(reading object: ConfigurationObject) {
            let range: ClosedRange<UInt64> = 10_000_000...3_600_000_000_000
            let least = object["min"]?.duration(in: range)
            let most = object["max"]?.duration(in: range)
            minimum = least ?? min(minimum, most ?? .max)
            maximum = most ?? max(maximum, least ?? 0)
            if let least, let most, least > most, let node = object["max"] {
                node.refuse("use at least `min`, which is \(DurationText.text(least))")
            }
        }
    }
}

extension SyslogSettings {
    static let defaultMaximumConnections = 128
    static let defaultMessageTimeoutNanoseconds: UInt64 = 60_000_000_000

    init(reading object: ConfigurationObject) {
        listen = []
        if let node = object.required("listen", "[\"udp:127.0.0.1:5514\", \"tcp:127.0.0.1:5514\"]") {
            let elements = node.elementsOrSelf()
            if elements.isEmpty { node.refuse("name at least one address") }
            var places: [String: ConfigurationNode] = [:]
            for element in elements {
                guard let address = element.syslogAddress() else { continue }
                if let other = places[address.description], !address.description.hasSuffix(":0") {
                    element.tell("`\(element.path)` is that of `\(other.path)`, too.")
                }
                places[address.description] = element
                listen.append(address)
            }
        }
        maximumConnections = object["max_connections"]?.integer(in: 1...10_000) ?? Self.defaultMaximumConnections
        messageTimeoutNanoseconds =
            object["message_timeout"]?.duration(in: 1_000_000_000...3_600_000_000_000) ?? Self.defaultMessageTimeoutNanoseconds
    }
}

extension ConfigurationNode {
    /// A program and its arguments.
    fileprivate func words() -> [String]? {
        if case .string(let text) = value {
            refuse(found: text, "use a list: the program, then one element for each argument; no shell is asked")
            return nil
        }
        guard let elements = elements() else { return nil }
        if elements.isEmpty { refuse("name a program") }
        let words = elements.compactMap { $0.string() }
        guard words.count == elements.count else { return nil }
        for (word, element) in zip(words, elements) where word.utf8.contains(0) {
            element.refuse(found: word, "use a text without NUL")
        }
        if let first = words.first, first.isEmpty { elements[0].refuse(found: first, "name a program") }
        return words
    }

    /// Names and values of environment variables.
    fileprivate func environment() -> [EnvironmentVariable] {
        var variables: [EnvironmentVariable] = []
        for (name, node) in members() ?? [] {
            if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) {
                node.tell(
                    "`\(node.path)`: \(ConfigurationValue.quoted(name)) is not a variable's name; use one without `=`.", at: .key)
            }
            guard let value = node.string() else { continue }
            if value.utf8.contains(0) { node.refuse(found: value, "use a text without NUL") }
            variables.append(EnvironmentVariable(name: name, value: value))
        }
        return variables.sorted { $0.name < $1.name }
    }

    /// `udp:host:port`, `tcp:host:port`, `unix:/path` or `unixgram:/path`.
    fileprivate func syslogAddress() -> SyslogAddress? {
        guard let text = string() else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            let place = String(parts[1])
            switch parts[0] {
            case "udp" where Self.isHostAndPort(place): return .udp(place)
            case "tcp" where Self.isHostAndPort(place): return .tcp(place)
            case "unix", "unixgram":
                if place.hasPrefix("/") && place.utf8.count > 1 && !place.utf8.contains(0) {
                    if place.utf8.count < 108 { return parts[0] == "unix" ? .unixStream(place) : .unixDatagram(place) }
                    refuse(found: text, "use a shorter path: a Unix socket's has at most 107 bytes")
                    return nil
                }
            default: break
            }
        }
        refuse(
            found: text, "use \"udp:host:port\", \"tcp:host:port\", \"unix:/path\" (stream) or \"unixgram:/path\" (datagrams)",
            hint: "For example \"udp:127.0.0.1:5514\".")
        return nil
    }
}
