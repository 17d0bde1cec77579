import Glibc
import Synchronization
import SystemIO

/// One look-up of a host name, on its own thread because `getaddrinfo` takes no deadline: who waits for it can give up.
final class AddressLookup: Sendable {
    private let outcome = Mutex<Result<[SocketAddress], HTTPLookupError>?>(nil)
    /// Readable once there is an outcome.
    let finished: EventDescriptor

    init(host: String, port: Int) throws(SystemError) {
        finished = try EventDescriptor()
        // glibc's resolver keeps whole answers on its stack.
        try WorkerThread("lookup", stackBytes: 256 << 10) { [self] in
            let result = Result { () throws(HTTPLookupError) in try SocketAddress.resolve(host: host, port: port) }
            outcome.withLock { $0 = result }
            finished.signal()
        }.detach()
    }

    /// nil while the look-up goes on.
    var result: Result<[SocketAddress], HTTPLookupError>? { outcome.withLock { $0 } }
}
