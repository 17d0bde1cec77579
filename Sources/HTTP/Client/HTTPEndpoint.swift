/// Why a text is no place to connect to.
package enum HTTPEndpointError: Error, Equatable, Sendable, CustomStringConvertible {
    case unsupportedScheme(url: String)
    case noHost(url: String)
    case badHost(url: String, host: String)
    case badPort(url: String, port: String)
    case badTarget(url: String, target: String)
    case credentialsInURL
    case unixPathTooLong(path: String, limitBytes: Int)
    case unixPathNotAbsolute(url: String)
    case badUnixAuthority(url: String)

    package var description: String {
        switch self {
        case .unsupportedScheme(let url):
            "\(ASCIIText.quoted(url.utf8)) does not start with http://, https://, http+unix:// or unix:; use for example http://127.0.0.1:3100/path"
        case .noHost(let url): "\(ASCIIText.quoted(url.utf8)) names no host; use for example http://127.0.0.1:3100/path"
        case .badHost(let url, let host): "\(ASCIIText.quoted(host.utf8)) in \(ASCIIText.quoted(url.utf8)) is no host name or address"
        case .badPort(let url, let port):
            "\(ASCIIText.quoted(port.utf8)) in \(ASCIIText.quoted(url.utf8)) is no port; use a number from 1 to 65535"
        case .badTarget(let url, let target):
            "\(ASCIIText.quoted(target.utf8)) in \(ASCIIText.quoted(url.utf8)) is no path; percent-encode what is not visible ASCII, and leave #… out"
        case .credentialsInURL: "the URL contains a user name or password; use the authorization settings, where they are kept out of logs"
        case .unixPathTooLong(let path, let limit): "the socket path \(ASCIIText.quoted(path.utf8)) is longer than \(limit) bytes"
        case .badUnixAuthority(let url):
            "\(ASCIIText.quoted(url.utf8)) names no socket; percent-encode its path, as in http+unix://%2Frun%2Fname.sock/path"
        case .unixPathNotAbsolute(let url): "\(ASCIIText.quoted(url.utf8)) names no absolute path; use for example unix:/run/name.sock"
        }
    }
}

/// Where a client connects, and the target it asks for unless told otherwise.
package struct HTTPEndpoint: Equatable, Sendable, CustomStringConvertible {
    package enum Location: Equatable, Sendable {
        /// `host` is a name or an address, without the brackets of IPv6.
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package let location: Location
    /// Path and query, at least `/`.
    package let target: String
    /// What goes into `Host`.
    package let authority: String
    /// Whether TLS is spoken.
    package let isSecure: Bool

    /// From `http://host:port/path?query`, the same with `https`, or a Unix socket in one of the two ways that are common:
    /// `http+unix://%2Fpath%2Fto.sock/target`, with the socket's path percent-encoded in the place of the host, or
    /// `unix:/path/to.sock:/target`, where the target may be left out.
    package init(url: String) throws(HTTPEndpointError) {
        if let path = Self.rest(of: url, after: "unix:") {
            try self.init(unix: path, url: url)
        } else if let rest = Self.rest(of: url, after: "http+unix://") {
            try self.init(encodedUnix: rest, url: url)
        } else if let rest = Self.rest(of: url, after: "http://") {
            try self.init(tcp: rest, isSecure: false, url: url)
        } else if let rest = Self.rest(of: url, after: "https://") {
            try self.init(tcp: rest, isSecure: true, url: url)
        } else {
            throw .unsupportedScheme(url: url)
        }
    }

    /// `host:port` or `unix:/path`: what a person would look for in a log.
    package var description: String {
        switch location {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private init(encodedUnix rest: Substring, url: String) throws(HTTPEndpointError) {
        let encoded = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let path = PercentEncoding.decode(encoded), !path.utf8.contains(0) else { throw .badUnixAuthority(url: url) }
        if path.first != "/" { throw path.isEmpty ? .badUnixAuthority(url: url) : .unixPathNotAbsolute(url: url) }
        let target = rest[encoded.endIndex...]
        try self.init(unixPath: path[...], target: try Self.checkedTarget(target.first == "/" ? target : "/" + target, url: url))
    }

    private init(unix rest: Substring, url: String) throws(HTTPEndpointError) {
        guard rest.first == "/" else { throw .unixPathNotAbsolute(url: url) }
        var path = rest
        let target = try Self.splitTarget(off: &path, url: url)
        try self.init(unixPath: path, target: target)
    }

    private init(unixPath path: Substring, target: String) throws(HTTPEndpointError) {
        self.target = target
        guard path.utf8.count <= SocketAddress.maximumUnixPathBytes else {
            throw .unixPathTooLong(path: String(path), limitBytes: SocketAddress.maximumUnixPathBytes)
        }
        location = .unix(path: String(path))
        authority = "localhost"
        isSecure = false
    }

    /// Cuts `:/target` off the end of a socket path.
    private static func splitTarget(off path: inout Substring, url: String) throws(HTTPEndpointError) -> String {
        var index = path.startIndex
        while index < path.endIndex,
            path[index] != ":" || path.index(after: index) == path.endIndex || path[path.index(after: index)] != "/"
        {
            index = path.index(after: index)
        }
        guard index < path.endIndex else { return "/" }
        let target = path[path.index(after: index)...]
        path = path[..<index]
        return try checkedTarget(target, url: url)
    }

    private init(tcp rest: Substring, isSecure: Bool, url: String) throws(HTTPEndpointError) {
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") { throw .credentialsInURL }
        let path = rest[authority.endIndex...]
        target = try Self.checkedTarget(path.first == "/" ? path : "/" + path, url: url)
        let (host, port) = try HostAndPort.split(authority) { part throws(HTTPEndpointError) in
            switch part {
            case .host where authority.isEmpty || authority.first == ":": throw .noHost(url: url)
            case .host(let host): throw .badHost(url: url, host: host)
            case .port(let port): throw .badPort(url: url, port: port)
            }
        }
        if port == 0 { throw .badPort(url: url, port: "0") }
        location = .tcp(host: host, port: port ?? (isSecure ? 443 : 80))
        self.isSecure = isSecure
        self.authority = String(authority)
    }

    private static func checkedTarget(_ target: Substring, url: String) throws(HTTPEndpointError) -> String {
        guard target.utf8.allSatisfy({ HTTPGrammar.isTarget($0) }) else { throw .badTarget(url: url, target: String(target)) }
        return String(target)
    }

    /// The scheme may be in any case.
    private static func rest(of url: String, after scheme: String) -> Substring? {
        let start = url.utf8.prefix(scheme.utf8.count)
        guard start.count == scheme.utf8.count, zip(start, scheme.utf8).allSatisfy({ ASCIIText.lowercased($0) == $1 }) else { return nil }
        return url[start.endIndex...]
    }
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
enum HostAndPort {
    enum BadPart { case host(String), port(String) }

    /// `refuse` throws the caller's error for what is wrong. The port is from 0 to 65535, nil when there is none.
    static func split<Failure: Error>(
        _ text: Substring, refuse: (BadPart) throws(Failure) -> Never
    ) throws(Failure) -> (host: String, port: Int?) {
        let host: Substring
        var rest: Substring
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else { try refuse(.host(String(text))) }
            host = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
            guard host.utf8.contains(UInt8(ascii: ":")), host.utf8.allSatisfy({ isAddressByte($0) }) else {
                try refuse(.host(String(host)))
            }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            guard !host.isEmpty, host.utf8.allSatisfy({ isNameByte($0) }) else { try refuse(.host(String(host))) }
        }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.first == ":" else { try refuse(.host(String(text))) }
        rest.removeFirst()
        guard let port = ASCIIText.decimal(rest), port <= 65535 else { try refuse(.port(String(rest))) }
        return (String(host), port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let lower = ASCIIText.lowercased(byte)
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || isDigit(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_")
    }

    /// Of IPv6 with an optional zone.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
