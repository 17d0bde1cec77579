import CLinux
import Glibc
import SystemIO

/// A bound, non-blocking socket that takes connections, or datagrams. A socket file is removed with it.
package final class Listener: Sendable {
    package enum Kind: Sendable { case connections, datagrams }

    private let descriptor: FileDescriptor
    /// What clients connect to, with the real port.
    package let address: String
    /// 0 for a Unix socket.
    let port: Int
    private let file: SocketFile?

    private struct SocketFile {
        let path: String
        let device: UInt64
        let inode: UInt64
    }

    package var rawValue: Int32 { descriptor.rawValue }

    /// `text`: `host:port`, `[::1]:port` or `unix:/path`. `permissions` are those of a socket file.
    package init(_ text: String, kind: Kind = .connections, permissions: mode_t = 0o660) throws(HTTPServerError) {
        let wanted = try Self.address(text)
        let unixPath = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : nil
        do throws(SystemError) { descriptor = try wanted.makeSocket(kind) } catch { throw .outOfResources(error) }
        if let unixPath {
            try Self.removeStale(unixPath, wanted, kind)
        } else if kind == .connections {
            SocketOptions.enable(SO_REUSEADDR, level: SOL_SOCKET, on: descriptor.rawValue)
        }
        var code = wanted.bind(descriptor)
        if code == 0, kind == .connections, listen(descriptor.rawValue, 1024) < 0 { code = errno }
        if code != 0 { throw .cannotListen(address: text, cause: SystemError(call: "bind", subject: text, code: code)) }
        do throws(SystemError) {
            if let unixPath {
                // Who may connect is said by the directory and the group, not by the umask.
                if chmod(unixPath, permissions) < 0 { throw SystemError(call: "chmod", subject: unixPath) }
                let status = try FileStatus(ofPath: unixPath)
                file = SocketFile(path: unixPath, device: status.device, inode: status.inode)
                address = text
                port = 0
            } else {
                let bound = try SocketAddress(ofSocket: descriptor.rawValue)
                file = nil
                address = bound.description
                port = bound.port
            }
        } catch { throw .outOfResources(error) }
    }

    deinit { removeFile() }

    /// Removes the socket file, if there is one, before the listener itself goes: nobody new will find it.
    package func removeFile() {
        // Not when another program has put its own socket there since.
        if let file, let now = try? FileStatus(ofPath: file.path), now.device == file.device, now.inode == file.inode {
            unlink(file.path)
        }
    }

    package func accept() -> AcceptedConnection {
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let raw = retryingOnInterrupt { accept4(descriptor.rawValue, nil, nil, flags) }
        if raw >= 0 {
            if file == nil { SocketOptions.enable(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP), on: raw) }
            return .connection(FileDescriptor(owning: raw))
        }
        switch errno {
        case EAGAIN, EWOULDBLOCK: return .nothing
        // Errors of the connection, not of the listener (accept(2)).
        case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH: return .gone
        default: return .failed(SystemError(call: "accept4", subject: address))
        }
    }

    private static func address(_ text: String) throws(HTTPServerError) -> SocketAddress {
        if text.hasPrefix("unix:") {
            guard text.hasPrefix("unix:/"), let address = SocketAddress(unixPath: String(text.dropFirst(5))) else {
                throw .badListenAddress(text)
            }
            return address
        }
        let (host, port) = try HostAndPort.split(text[...]) { _ throws(HTTPServerError) in throw .badListenAddress(text) }
        guard let port else { throw .badListenAddress(text) }
        do throws(HTTPLookupError) { return try SocketAddress.resolve(host: host, port: port)[0] } catch { throw .cannotResolve(error) }
    }

    /// A socket file outlives a program that was killed: removed when nothing answers on it.
    private static func removeStale(_ path: String, _ address: SocketAddress, _ kind: Kind) throws(HTTPServerError) {
        guard let file = try? FileStatus(ofPath: path, followingLinks: false).kind else { return }
        guard file == .other else { throw .pathTaken(path: path) }
        do throws(SystemError) {
            let probe = try address.makeSocket(kind)
            switch address.connect(probe) {
            case ECONNREFUSED: unlink(path)
            case ENOTSOCK, EPROTOTYPE: throw SystemError(call: "connect", subject: path, code: ENOTSOCK)
            default: throw SystemError(call: "connect", subject: path, code: EADDRINUSE)
            }
        } catch {
            switch error.code {
            case EADDRINUSE: throw .socketInUse(path: path)
            case ENOTSOCK: throw .pathTaken(path: path)
            default: throw .outOfResources(error)
            }
        }
    }
}

/// What accepting came to.
package enum AcceptedConnection: ~Copyable {
    case connection(FileDescriptor)
    case nothing
    /// A client that went away before it was accepted.
    case gone
    case failed(SystemError)
}
