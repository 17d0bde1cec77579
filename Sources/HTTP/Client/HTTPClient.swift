import Glibc
import SystemIO

/// One keep-alive connection for requests one after the other, for use by one thread. It connects when a request needs it
/// and again when the server has closed the connection meanwhile. Every wait ends at the deadline of the request.
package final class HTTPClient {
    private let endpoint: HTTPEndpoint
    private let limits: HTTPLimits
    private let proxy: HTTPProxy?
    private let tls: RenewableTLSContext?
    /// What a certificate must be for.
    private let serverName: String?
    private var connection: Connection?
    private var lookup: AddressLookup?
    /// Hand this to another thread to end a ``send(method:target:headers:body:timeoutNanoseconds:)`` in progress.
    package let cancellation: HTTPCancellation

    private final class Connection {
        let stream: SocketStream
        /// Whom errors name: by way of a proxy, both.
        var address: String

        init(_ stream: SocketStream, address: String) {
            self.stream = stream
            self.address = address
        }
    }

    /// `limits.bodyBytes` bounds the body of an answer. `tls` is used when the endpoint is `https`; its files are loaded here, and
    /// again before a connection is made when they have changed. A Unix socket is never asked by way of `proxy`.
    package convenience init(
        endpoint: HTTPEndpoint, tls: TLSClientSettings = TLSClientSettings(), proxy: HTTPProxy? = nil,
        limits: HTTPLimits = HTTPLimits(headBytes: 64 << 10)
    ) throws(HTTPClientError) {
        try self.init(endpoint: endpoint, certificates: TLSClientCertificates(tls), proxy: proxy, limits: limits)
    }

    /// The same with certificates that other clients use, too.
    package init(
        endpoint: HTTPEndpoint, certificates: TLSClientCertificates, proxy: HTTPProxy? = nil,
        limits: HTTPLimits = HTTPLimits(headBytes: 64 << 10)
    ) throws(HTTPClientError) {
        self.endpoint = endpoint
        self.limits = limits
        self.proxy = if case .tcp = endpoint.location { proxy } else { nil }
        if endpoint.isSecure, case .tcp(let host, _) = endpoint.location {
            do throws(TLSError) { tls = try certificates.context() } catch {
                throw .insecure(address: endpoint.description, error)
            }
            serverName = certificates.settings.serverName ?? host
        } else {
            tls = nil
            serverName = nil
        }
        do throws(SystemError) { cancellation = try HTTPCancellation() } catch { throw .outOfResources(error) }
    }

    /// Sends one request and gives its whole answer, whatever its status.
    ///
    /// `target` is path and query; nil means that of the endpoint. `Host`, `Content-Length` and `User-Agent` are added where
    /// they are missing. The pieces of `body` are sent in order, from where they are. The request is sent a second time only
    /// when it went out on a connection that had been used before, and that one ended before any byte of an answer came.
    package func send(
        method: HTTPMethod, target: String? = nil, headers: HTTPHeaders = [:], body: [UnsafeRawBufferPointer] = [],
        timeoutNanoseconds: UInt64
    ) throws(HTTPClientError) -> HTTPResponse {
        if cancellation.isCancelled { throw .cancelled }
        let deadline = Deadline(timeoutNanoseconds: timeoutNanoseconds)
        let head = try requestHead(method, target ?? endpoint.target, headers, bodyBytes: body.reduce(0) { $0 + $1.count })
        return try head.span.bytes.withUnsafeBytes { (head) throws(HTTPClientError) in
            let pieces = [head] + body
            if let used = connection, used.stream.isQuiet {
                do throws(ExchangeFailure) {
                    return try exchange(method, pieces, on: used, deadline)
                } catch {
                    guard error.isSafeToRepeat else { throw error.cause }
                }
            }
            connection = nil
            let fresh = try connect(deadline)
            connection = fresh
            do throws(ExchangeFailure) { return try exchange(method, pieces, on: fresh, deadline) } catch { throw error.cause }
        }
    }

    /// The same with a body that is one array.
    package func send(
        method: HTTPMethod, target: String? = nil, headers: HTTPHeaders = [:], bytes: [UInt8], timeoutNanoseconds: UInt64
    ) throws(HTTPClientError) -> HTTPResponse {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(HTTPClientError) in
            try send(method: method, target: target, headers: headers, body: [raw], timeoutNanoseconds: timeoutNanoseconds)
        }
    }

    /// Closes the connection. The next request opens a new one.
    package func close() {
        connection = nil
    }

    private func requestHead(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders, bodyBytes: Int
    ) throws(HTTPClientError) -> [UInt8] {
        var fields: HTTPHeaders = [:]
        var target = target
        if !headers.contains("Host") { fields.append("Host", endpoint.authority) }
        if let proxy, !endpoint.isSecure {
            target = "http://\(endpoint.authority)\(target)"
            if let authorization = proxy.authorization { fields.append("Proxy-Authorization", authorization.value) }
        }
        if !headers.contains("User-Agent") { fields.append("User-Agent", "tailspan") }
        fields.append(contentsOf: headers)
        // The length is ours to tell: a wrong one would shift every message after it.
        fields.remove("Content-Length")
        fields.remove("Transfer-Encoding")
        if bodyBytes > 0 || method == .post || method == .put || method == .patch { fields.append("Content-Length", String(bodyBytes)) }
        do throws(HTTPSerializationError) {
            return try MessageSerializer.requestHead(RequestLine(method: method, target: target), headers: fields)
        } catch { throw .invalidRequest(error) }
    }
}

// MARK: One request and its answer

extension HTTPClient {
    private struct ExchangeFailure: Error {
        let cause: HTTPClientError
        /// The connection ended, as an idle one may at any time, before anything was answered.
        let isSafeToRepeat: Bool
    }

    private func exchange(
        _ method: HTTPMethod, _ pieces: [UnsafeRawBufferPointer], on connection: Connection, _ deadline: Deadline
    ) throws(ExchangeFailure) -> HTTPResponse {
        var exchange = Exchange(method: method, pieces: pieces, limits: limits)
        do throws(HTTPClientError) {
            while true {
                if let result = try exchange.step(connection.stream, address: connection.address) {
                    if !result.keepsConnection || !exchange.isSent { self.connection = nil }
                    return result.response
                }
                try wait(
                    for: connection.stream.descriptor.rawValue, exchange.interest, deadline, exchange.phase, address: connection.address)
            }
        } catch {
            self.connection = nil
            let ended = if case .closedEarly = error { true } else { false }
            throw ExchangeFailure(cause: error, isSafeToRepeat: ended && !exchange.hasAnswerBytes)
        }
    }

    /// Sends and receives as far as the socket lets it. An answer may come before the request is out: a server that refuses
    /// a large body says so and closes.
    private struct Exchange {
        private var output: OutgoingPieces
        private var parser: ResponseParser
        private let limits: HTTPLimits
        private var cannotSend = false
        private var sendFailure: StreamFailure?
        private var sendInterest: Epoll.Interest = []
        private var receiveInterest: Epoll.Interest = .readable

        init(method: HTTPMethod, pieces: [UnsafeRawBufferPointer], limits: HTTPLimits) {
            output = OutgoingPieces(pieces)
            parser = ResponseParser(to: method, limits: limits)
            self.limits = limits
        }

        var isSent: Bool { output.isDone }
        /// What the socket must be ready for to go on.
        var interest: Epoll.Interest { isSent || cannotSend ? receiveInterest : receiveInterest.union(sendInterest) }
        var hasAnswerBytes: Bool { parser.hasBytes }
        var phase: HTTPClientError.Phase { parser.hasBytes ? .receiving : isSent ? .waiting : .sending }

        /// nil when the socket is to be waited for.
        mutating func step(_ stream: SocketStream, address: String) throws(HTTPClientError) -> ResponseParser.Result? {
            sendWhatFits(stream)
            do throws(HTTPParseError) {
                return try receiveWhatCame(stream)
            } catch {
                switch error {
                case .bodyTooLarge(let limit): throw .responseTooLarge(address: address, limitBytes: limit)
                case .endedEarly: throw .closedEarly(address: address, detail: sendFailure?.description ?? error.description)
                default: throw .malformedResponse(address: address, error)
                }
            }
        }

        private mutating func sendWhatFits(_ stream: SocketStream) {
            while !output.isDone && !cannotSend {
                switch stream.send(output) {
                case .moved(let count): output.advance(by: count)
                case .wouldBlock(let interest):
                    sendInterest = interest
                    return
                case .ended:
                    cannotSend = true
                case .failed(let error):
                    // The server may have answered before it closed: that answer is still to be read.
                    sendFailure = error
                    cannotSend = true
                }
            }
        }

        private mutating func receiveWhatCame(_ stream: SocketStream) throws(HTTPParseError) -> ResponseParser.Result? {
            // Not for ever: the deadline is looked at in between.
            for _ in 0..<64 {
                var result: Result<ResponseParser.Result?, HTTPParseError> = .success(nil)
                let more = withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { buffer in
                    switch stream.receive(into: buffer) {
                    case .wouldBlock(let interest):
                        receiveInterest = interest
                        return false
                    case .moved(let count):
                        receiveInterest = .readable
                        parser.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
                        result = Result { () throws(HTTPParseError) in try parser.next() }
                        // A short read emptied the socket: asking again would only cost a call.
                        return count == buffer.count
                    case .ended:
                        result = Result { () throws(HTTPParseError) in try parser.end() }
                        return false
                    case .failed(let error):
                        if sendFailure == nil { sendFailure = error }
                        result = .failure(.endedEarly(error.description))
                        return false
                    }
                }
                if let response = try result.get() { return response }
                if !more { return nil }
            }
            return nil
        }
    }
}

// MARK: Connecting

extension HTTPClient {
    private func connect(_ deadline: Deadline) throws(HTTPClientError) -> Connection {
        let addresses = try addresses(deadline)
        var failure: HTTPClientError?
        for (index, address) in addresses.enumerated() {
            // An address that swallows packets must not use up the time of the next one.
            let attempt = deadline.share(of: addresses.count - index)
            do throws(HTTPClientError) {
                return try connect(to: address, attempt)
            } catch {
                if error == .cancelled || deadline.hasPassed { throw error }
                failure = error
            }
        }
        throw failure ?? .cannotResolve(HTTPLookupError(host: endpoint.description, reason: "no address"))
    }

    private func connect(to address: SocketAddress, _ deadline: Deadline) throws(HTTPClientError) -> Connection {
        let name = proxy == nil ? address.description : "the proxy \(address.description)"
        let descriptor: FileDescriptor
        do throws(SystemError) { descriptor = try address.makeSocket() } catch {
            // A machine without IPv6 may still get such an address for a name.
            if error.code == EAFNOSUPPORT { throw .cannotConnect(address: name, cause: error) }
            throw .outOfResources(error)
        }
        while true {
            var code = address.connect(descriptor)
            if code == EAGAIN {
                // A Unix socket whose queue is full, and nothing tells when there is room.
                try wait(for: -1, [], deadline.atMost(milliseconds: 10), .connecting, address: name, orGiveUpAt: deadline)
                continue
            }
            if code == EINPROGRESS || code == EINTR {
                try wait(for: descriptor.rawValue, .writable, deadline, .connecting, address: name)
                code = SocketOptions.pendingError(of: descriptor.rawValue)
            }
            guard code == 0 else { throw .cannotConnect(address: name, cause: SystemError(call: "connect", subject: name, code: code)) }
            let connection = Connection(SocketStream(descriptor), address: name)
            if let tls {
                if let proxy { try openTunnel(connection, by: proxy, deadline) }
                try secure(connection, tls, deadline)
            }
            return connection
        }
    }

    /// RFC 9110 §9.3.6: after a 2xx the connection leads to the endpoint.
    private func openTunnel(_ connection: Connection, by proxy: HTTPProxy, _ deadline: Deadline) throws(HTTPClientError) {
        let target = endpoint.description
        var fields: HTTPHeaders = ["Host": target, "User-Agent": "tailspan"]
        if let authorization = proxy.authorization { fields.append("Proxy-Authorization", authorization.value) }
        let head: [UInt8]
        do throws(HTTPSerializationError) {
            head = try MessageSerializer.requestHead(RequestLine(method: .connect, target: target), headers: fields)
        } catch { throw .invalidRequest(error) }
        let status = try head.span.bytes.withUnsafeBytes { (head) throws(HTTPClientError) in
            var exchange = Exchange(method: .connect, pieces: [head], limits: HTTPLimits(bodyBytes: 64 << 10))
            while true {
                if let result = try exchange.step(connection.stream, address: connection.address) { return result.response.status }
                try wait(
                    for: connection.stream.descriptor.rawValue, exchange.interest, deadline, .tunnelling, address: connection.address)
            }
        }
        guard (200..<300).contains(status) else { throw .proxyRefused(proxy: proxy.description, target: target, status: status) }
        connection.address = "\(target) by way of \(connection.address)"
    }

    private func secure(_ connection: Connection, _ certificates: RenewableTLSContext, _ deadline: Deadline) throws(HTTPClientError) {
        do throws(TLSError) {
            let context: TLSContext
            switch certificates.look() {
            case .unchanged(let same): context = same
            case .renewed(let new): context = new
            // In the middle of a renewal this is over soon; else a person must know, and nothing is lost by waiting.
            case .failed(let error, _): throw error
            }
            try connection.stream.secure(with: context, serverName: serverName)
        } catch {
            throw .insecure(address: connection.address, error)
        }
        while true {
            switch connection.stream.handshake() {
            case .moved: return
            case .wouldBlock(let interest):
                try wait(for: connection.stream.descriptor.rawValue, interest, deadline, .securing, address: connection.address)
            case .ended: throw .insecure(address: connection.address, .failed("the server ended the handshake"))
            case .failed(.tls(let error)): throw .insecure(address: connection.address, error)
            case .failed(.system(let error)): throw .insecure(address: connection.address, .failed(error.reason))
            }
        }
    }

    private func addresses(_ deadline: Deadline) throws(HTTPClientError) -> [SocketAddress] {
        switch proxy.map({ .tcp(host: $0.host, port: $0.port) }) ?? endpoint.location {
        case .unix(let path):
            guard let address = SocketAddress(unixPath: path) else {
                throw .cannotConnect(address: "unix:\(path)", cause: SystemError(call: "connect", subject: path, code: ENAMETOOLONG))
            }
            return [address]
        case .tcp(let host, let port):
            if let numeric = try? SocketAddress.resolve(host: host, port: port, numericOnly: true) { return numeric }
            return try lookUp(host, port, deadline)
        }
    }

    private func lookUp(_ host: String, _ port: Int, _ deadline: Deadline) throws(HTTPClientError) -> [SocketAddress] {
        let current: AddressLookup
        if let lookup {
            // One that an earlier request did not wait for to the end: never two at once.
            current = lookup
        } else {
            do throws(SystemError) { current = try AddressLookup(host: host, port: port) } catch { throw .outOfResources(error) }
            lookup = current
        }
        while true {
            if let result = current.result {
                lookup = nil
                do throws(HTTPLookupError) { return try result.get() } catch { throw .cannotResolve(error) }
            }
            try wait(for: current.finished.rawValue, .readable, deadline, .resolving, address: endpoint.description)
        }
    }
}

// MARK: Waiting

extension HTTPClient {
    /// A moment on the monotonic clock, and the time that was given until then.
    private struct Deadline {
        let timeoutNanoseconds: UInt64
        private let nanoseconds: UInt64

        init(timeoutNanoseconds: UInt64) {
            self.timeoutNanoseconds = timeoutNanoseconds
            let (sum, overflow) = SystemClock.monotonicNanoseconds().addingReportingOverflow(timeoutNanoseconds)
            nanoseconds = overflow ? .max : sum
        }

        private init(timeoutNanoseconds: UInt64, nanoseconds: UInt64) {
            self.timeoutNanoseconds = timeoutNanoseconds
            self.nanoseconds = nanoseconds
        }

        var remaining: UInt64 {
            let now = SystemClock.monotonicNanoseconds()
            return nanoseconds > now ? nanoseconds - now : 0
        }

        var hasPassed: Bool { remaining == 0 }

        /// For `poll`: rounded up, so that it never wakes just before the time.
        var milliseconds: Int32 { Int32(clamping: remaining / 1_000_000 + (remaining % 1_000_000 == 0 ? 0 : 1)) }

        func share(of count: Int) -> Deadline {
            let left = remaining
            return Deadline(timeoutNanoseconds: timeoutNanoseconds, nanoseconds: nanoseconds - left + left / UInt64(max(1, count)))
        }

        func atMost(milliseconds: UInt64) -> Deadline {
            let left = remaining
            return Deadline(timeoutNanoseconds: timeoutNanoseconds, nanoseconds: nanoseconds - left + min(left, milliseconds * 1_000_000))
        }
    }

    /// Returns when `descriptor` is ready, or at `deadline` where `final` is later; throws at the final deadline.
    private func wait(
        for descriptor: Int32, _ interest: Epoll.Interest, _ deadline: Deadline, _ phase: HTTPClientError.Phase, address: String,
        orGiveUpAt final: Deadline? = nil
    ) throws(HTTPClientError) {
        let timedOut = HTTPClientError.timedOut(address: address, phase: phase, timeoutNanoseconds: deadline.timeoutNanoseconds)
        // Also when more is ready: a server that never stops to send must not hold a request for ever.
        if (final ?? deadline).hasPassed { throw timedOut }
        let events = (interest.contains(.readable) ? POLLIN : 0) | (interest.contains(.writable) ? POLLOUT : 0)
        var waits = (
            pollfd(fd: cancellation.event.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(events), revents: 0)
        )
        let count = retryingOnInterrupt {
            withUnsafeMutableBytes(of: &waits) { poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, deadline.milliseconds) }
        }
        if waits.0.revents != 0 {
            connection = nil
            throw .cancelled
        }
        if count < 0 { throw .outOfResources(SystemError(call: "poll", subject: address)) }
        if count == 0, (final ?? deadline).hasPassed { throw timedOut }
    }
}
