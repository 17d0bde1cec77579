import CLinux
import Glibc
import SystemIO

/// A host name that gave no address.
package struct HTTPLookupError: Error, Equatable, Sendable {
    package let host: String
    /// The resolver's words, for example `Name or service not known`.
    package let reason: String
}

/// Where a socket connects or listens.
struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    private var length: socklen_t

    /// The longest path of a Unix socket (`unix(7)`), without its final NUL.
    static let maximumUnixPathBytes = 107

    /// nil when `path` is empty or too long.
    init?(unixPath path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.maximumUnixPathBytes else { return nil }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: &address) { target.copyMemory(from: $0) }
        }
    }

    private init(copying info: UnsafePointer<addrinfo>) {
        length = min(info.pointee.ai_addrlen, socklen_t(MemoryLayout<sockaddr_storage>.size))
        let source = UnsafeRawBufferPointer(start: info.pointee.ai_addr, count: Int(length))
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: source) }
    }

    /// The address that a bound socket really has.
    init(ofSocket descriptor: Int32) throws(SystemError) {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var size = length
        let result = withUnsafeMutableBytes(of: &storage) { raw in
            getsockname(descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        if result < 0 { throw SystemError(call: "getsockname", subject: "") }
        length = size
    }

    /// `getaddrinfo(3)`: may wait for the network unless `numericOnly`. At least one address, or an error.
    static func resolve(host: String, port: Int, numericOnly: Bool = false) throws(HTTPLookupError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (numericOnly ? AI_NUMERICHOST : 0)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        guard code == 0 else {
            throw HTTPLookupError(
                host: host, reason: code == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(code)))
        }
        var addresses: [SocketAddress] = []
        var next = first
        while let info = next {
            addresses.append(SocketAddress(copying: info))
            next = info.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw HTTPLookupError(host: host, reason: "no address") }
        return addresses
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// 0 for a Unix socket.
    var port: Int {
        withUnsafeBytes(of: storage) { raw in
            switch family {
            case AF_INET: Int(UInt16(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_port))
            case AF_INET6: Int(UInt16(bigEndian: raw.loadUnaligned(as: sockaddr_in6.self).sin6_port))
            default: 0
            }
        }
    }

    /// `127.0.0.1:80`, `[::1]:80` or `unix:/path`.
    var description: String {
        if family == AF_UNIX {
            let path = withUnsafeBytes(of: storage) { raw in
                raw[MemoryLayout<sa_family_t>.size..<Int(length)].prefix { $0 != 0 }
            }
            return "unix:" + String(decoding: path, as: UTF8.self)
        }
        var name = [UInt8](repeating: 0, count: 64)
        let host = withSocketAddress { address, length in
            name.withUnsafeMutableBytes { raw in
                getnameinfo(
                    address, length, raw.baseAddress?.assumingMemoryBound(to: CChar.self), socklen_t(raw.count), nil, 0, NI_NUMERICHOST)
            }
        }
        let text = host == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "?"
        return family == AF_INET6 ? "[\(text)]:\(port)" : "\(text):\(port)"
    }

    /// Makes a non-blocking, close-on-exec socket of this family, that sends at once.
    func makeSocket(_ kind: Listener.Kind = .connections) throws(SystemError) -> FileDescriptor {
        let type = kind == .connections ? SOCK_STREAM : SOCK_DGRAM
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let raw = socket(family, flags, 0)
        if raw < 0 { throw SystemError(call: "socket", subject: description) }
        let descriptor = FileDescriptor(owning: raw)
        if family != AF_UNIX, kind == .connections { SocketOptions.enable(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP), on: raw) }
        return descriptor
    }

    /// `connect(2)`: 0 or the value of errno.
    func connect(_ descriptor: borrowing FileDescriptor) -> Int32 {
        withSocketAddress { Glibc.connect(descriptor.rawValue, $0, $1) } == 0 ? 0 : errno
    }

    /// `bind(2)`: 0 or the value of errno.
    func bind(_ descriptor: borrowing FileDescriptor) -> Int32 {
        withSocketAddress { Glibc.bind(descriptor.rawValue, $0, $1) } == 0 ? 0 : errno
    }

    private func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result) -> Result {
        withUnsafeBytes(of: storage) { body($0.baseAddress?.assumingMemoryBound(to: sockaddr.self), length) }
    }
}

enum SocketOptions {
    static func enable(_ option: Int32, level: Int32, on descriptor: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The error that a non-blocking connect ended with; 0 for none.
    static func pendingError(of descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) < 0 ? errno : code
    }
}
