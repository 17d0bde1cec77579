import Glibc
import HTTP
import SystemIO

/// `type: "syslog"`: messages of RFC 5424 and RFC 3164 from UDP, TCP and Unix sockets, each as one line (``SyslogLine``).
///
/// All sockets of a source belong to one thread, and what arrives in one turn is one write. While the log takes nothing, nothing is
/// read: peers on connections have to wait, and datagrams that the kernel has to drop meanwhile are counted.
final class SyslogCapture: Sendable {
    private static let readBytes = 64 * 1024
    /// What one turn gathers before it is written.
    private static let turnBytes = 256 * 1024
    /// Datagrams of one socket before others have their turn.
    private static let datagramsPerTurn = 256

    private let state: CaptureState
    private let settings: SyslogSettings
    private let maximumMessageBytes: Int
    private let control: CaptureControl
    private let log: AgentLog
    private let listeners: [(listener: Listener, address: SyslogAddress)]

    /// Binds the sockets. `run()` serves them.
    init(
        _ settings: SyslogSettings, state: CaptureState, maximumMessageBytes: Int, control: CaptureControl, log: AgentLog
    ) throws(HTTPServerError) {
        self.settings = settings
        self.state = state
        self.maximumMessageBytes = maximumMessageBytes
        self.control = control
        self.log = log
        var listeners: [(Listener, SyslogAddress)] = []
        for address in settings.listen { listeners.append((try Self.listen(address), address)) }
        self.listeners = listeners
        let addresses = listeners.map { Self.text($0.1, $0.0) }
        state.update { $0.syslog?.addresses = addresses }
        log.listening(source: state.name, addresses: addresses)
    }

    /// Who may write to a socket file is said by its directory, as with `/dev/log`.
    private static let socketPermissions: mode_t = 0o666

    private static func listen(_ address: SyslogAddress) throws(HTTPServerError) -> Listener {
        switch address {
        case .udp(let text): try Listener(text, kind: .datagrams)
        case .tcp(let text): try Listener(text)
        case .unixStream(let path): try Listener("unix:" + path, permissions: socketPermissions)
        case .unixDatagram(let path): try Listener("unix:" + path, kind: .datagrams, permissions: socketPermissions)
        }
    }

    private static func text(_ address: SyslogAddress, _ listener: Listener) -> String {
        switch address {
        case .udp: "udp:\(listener.address)"
        case .tcp: "tcp:\(listener.address)"
        case .unixStream, .unixDatagram: address.description
        }
    }

    /// Until a stop is asked for; then what has arrived is in the log.
    func run() {
        do throws(SystemError) {
            var loop = try Loop(self)
            loop.run()
        } catch {
            log.captureNotStarted(source: state.name, error)
        }
    }

    /// What the thread works with.
    private struct Loop: ~Copyable {
        private let source: SyslogCapture
        private let epoll: Epoll
        private var outlet: CaptureOutlet
        private let buffer: UnsafeMutableRawBufferPointer
        private var connections: [UInt64: SyslogConnection] = [:]
        private let datagramSockets: [UInt64: SyslogDatagramSocket]
        private let acceptors: [UInt64: (listener: Listener, transport: SyslogCounts.Transport)]
        private var nextToken: UInt64
        private var events: [Epoll.Event] = []
        private var lastLookNanoseconds: UInt64 = 0
        private var pause: CaptureState.Pause?

        private static let controlToken: UInt64 = 0

        init(_ source: SyslogCapture) throws(SystemError) {
            let epoll = try Epoll()
            var datagramSockets: [UInt64: SyslogDatagramSocket] = [:]
            var acceptors: [UInt64: (listener: Listener, transport: SyslogCounts.Transport)] = [:]
            try epoll.add(source.control.event.rawValue, .readable, token: Self.controlToken)
            for (index, member) in source.listeners.enumerated() {
                let token = UInt64(index) + 1
                try epoll.add(member.listener.rawValue, .readable, token: token)
                switch member.address {
                case .udp: datagramSockets[token] = SyslogDatagramSocket(member.listener, .udp)
                case .unixDatagram: datagramSockets[token] = SyslogDatagramSocket(member.listener, .unixgram)
                case .tcp: acceptors[token] = (member.listener, .tcp)
                case .unixStream: acceptors[token] = (member.listener, .unix)
                }
            }
            nextToken = UInt64(source.listeners.count) + 1
            self.source = source
            self.epoll = epoll
            self.datagramSockets = datagramSockets
            self.acceptors = acceptors
            outlet = CaptureOutlet(source.state, stream: 0)
            buffer = .allocate(byteCount: max(SyslogCapture.readBytes, source.maximumMessageBytes + 4), alignment: 16)
        }

        deinit { buffer.deallocate() }

        mutating func run() {
            while true {
                let stop = source.control.stop
                let waited = stop.map { SystemClock.nanoseconds(from: $0.sinceNanoseconds, to: SystemClock.monotonicNanoseconds()) } ?? 0
                if let stop, stop.isImmediate || waited >= CaptureControl.lastWriteNanoseconds { break }
                guard flush() else {
                    source.state.waitForRoom(source.control)
                    countDrops()
                    continue
                }
                if stop != nil && waited >= CaptureControl.lastReadNanoseconds { break }
                let found = turn(milliseconds: stop == nil ? 1000 : 0)
                if stop != nil && !found { break }
            }
            for (listener, _) in source.listeners { listener.removeFile() }
            for token in Array(connections.keys) { close(token) }
            countDrops()
            if !flush() {
                let waiting = outlet.waiting
                source.state.drop(.stopped, messages: waiting.lines, bytes: waiting.bytes)
            }
            outlet.seal()
        }

        /// Takes what is there on every socket, once. False where there was nothing.
        private mutating func turn(milliseconds: Int) -> Bool {
            events.removeAll(keepingCapacity: true)
            do throws(SystemError) {
                try epoll.wait(milliseconds: milliseconds, into: &events)
            } catch {
                source.log.captureFailed(source: source.state.name, error)
                usleep(10_000)
            }
            var found = false
            for event in events {
                // The rest is still there in the next turn.
                if outlet.lines.count >= SyslogCapture.turnBytes && !flush() { break }
                if event.token == Self.controlToken {
                    source.control.event.drain()
                } else if let socket = datagramSockets[event.token] {
                    found = true
                    receive(from: socket)
                } else if let acceptor = acceptors[event.token] {
                    found = true
                    accept(acceptor.listener, acceptor.transport)
                } else if let connection = connections[event.token] {
                    found = true
                    read(connection, event.token)
                }
            }
            let now = SystemClock.monotonicNanoseconds()
            if SystemClock.nanoseconds(from: lastLookNanoseconds, to: now) >= 1_000_000_000 {
                lastLookNanoseconds = now
                countDrops()
                closeStuck(now: now)
            }
            return found
        }

        /// False while the log takes nothing.
        private mutating func flush() -> Bool {
            let blockage = outlet.flush()
            let newPause: CaptureState.Pause? =
                switch blockage {
                case nil: nil
                case .budget: .budget
                case .disk: .disk
                }
            if newPause != pause || blockage != nil {
                // What was dropped until now has the old reason.
                countDrops()
                pause = newPause
                source.state.note(blockage)
            }
            return blockage == nil
        }

        private func countDrops() {
            let reason: CaptureState.DropReason =
                switch pause {
                case nil: .socketBuffer
                case .budget: .budget
                case .disk: .disk
                }
            source.state.drop(reason, messages: datagramSockets.values.reduce(0) { $0 + $1.takeDrops() }, bytes: 0)
        }

        private mutating func receive(from socket: SyslogDatagramSocket) {
            let kept = source.maximumMessageBytes + 4
            var tally = SyslogStreamDecoder.Tally()
            for _ in 0..<SyslogCapture.datagramsPerTurn {
                guard let datagram = socket.receive(into: buffer) else { break }
                let message = UnsafeRawBufferPointer(rebasing: datagram.bytes.prefix(kept))
                if SyslogLine.append(message, to: &outlet.lines) { tally.messages += 1 } else { tally.empty += 1 }
                if datagram.length > kept {
                    tally.cutMessages += 1
                    tally.cutBytes += datagram.length - kept
                }
                if outlet.lines.count >= SyslogCapture.turnBytes { break }
            }
            count(tally, socket.transport)
        }

        private mutating func accept(_ listener: Listener, _ transport: SyslogCounts.Transport) {
            for _ in 0..<64 {
                switch listener.accept() {
                case .connection(let descriptor):
                    if connections.count >= source.settings.maximumConnections {
                        source.state.update { $0.syslog?.refused[.tooMany, default: 0] += 1 }
                        source.log.connectionRefused(source: source.state.name, .tooMany, nil)
                        continue
                    }
                    let connection = SyslogConnection(
                        descriptor, transport, maximumMessageBytes: source.maximumMessageBytes, now: SystemClock.monotonicNanoseconds())
                    let token = nextToken
                    nextToken += 1
                    do throws(SystemError) {
                        try epoll.add(connection.descriptor.rawValue, .readable, token: token)
                    } catch {
                        source.log.captureFailed(source: source.state.name, error)
                        continue
                    }
                    connections[token] = connection
                    let open = connections.count
                    source.state.update { counts in
                        counts.syslog?.accepted += 1
                        counts.syslog?.connections = open
                    }
                case .gone: continue
                case .nothing: return
                case .failed(let error):
                    source.log.captureFailed(source: source.state.name, error)
                    // Out of descriptors: it stays ready, so a moment is given to those that may close.
                    usleep(10_000)
                    return
                }
            }
        }

        private mutating func read(_ connection: SyslogConnection, _ token: UInt64) {
            let count = retryingOnInterrupt {
                recv(connection.descriptor.rawValue, buffer.baseAddress, SyslogCapture.readBytes, Int32(MSG_DONTWAIT))
            }
            if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { return }
            guard count > 0 else { return close(token) }
            connection.lastByteNanoseconds = SystemClock.monotonicNanoseconds()
            do throws(SyslogStreamDecoder.Malformed) {
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                self.count(try connection.decoder.take(bytes, into: &outlet.lines), connection.transport)
            } catch {
                source.state.drop(.malformed, messages: 1, bytes: error.found.count)
                refuse(token, .malformed, error.found)
            }
        }

        private mutating func closeStuck(now: UInt64) {
            for (token, connection) in connections
            where connection.decoder.isInsideMessage
                && SystemClock.nanoseconds(from: connection.lastByteNanoseconds, to: now) >= source.settings.messageTimeoutNanoseconds
            {
                refuse(token, .timedOut, nil)
            }
        }

        private mutating func refuse(_ token: UInt64, _ refusal: SyslogCounts.Refusal, _ found: [UInt8]?) {
            source.state.update { $0.syslog?.refused[refusal, default: 0] += 1 }
            source.log.connectionRefused(source: source.state.name, refusal, found)
            close(token)
        }

        /// What has come of a message is one.
        private mutating func close(_ token: UInt64) {
            guard let connection = connections.removeValue(forKey: token) else { return }
            try? epoll.remove(connection.descriptor.rawValue)
            count(connection.decoder.finish(into: &outlet.lines), connection.transport)
            let open = connections.count
            source.state.update { $0.syslog?.connections = open }
        }

        private func count(_ tally: SyslogStreamDecoder.Tally, _ transport: SyslogCounts.Transport) {
            source.state.update { counts in
                counts.syslog?.messages[transport, default: 0] += UInt64(tally.messages)
                counts.syslog?.emptyMessages += UInt64(tally.empty)
            }
            source.state.drop(.tooLong, messages: tally.cutMessages, bytes: tally.cutBytes)
        }
    }
}
