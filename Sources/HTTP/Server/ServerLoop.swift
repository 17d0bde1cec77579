import Glibc
import Synchronization
import SystemIO

/// What other threads tell the thread of a ``ServerLoop``.
final class ServerMailbox: Sendable {
    struct Letters {
        var outcomes: [(token: UInt64, outcome: ServerWorkOutcome)] = []
        /// When set, the server drains until then, on the monotonic clock.
        var stopAtNanoseconds: UInt64?
    }

    private let letters = Mutex(Letters())
    let statistics = Mutex(HTTPServerStatistics())
    let wake: EventDescriptor

    private let listener: Mutex<Listener?>
    private let failed = Mutex<SystemError?>(nil)

    init(_ listener: Listener) throws(SystemError) {
        wake = try EventDescriptor()
        self.listener = Mutex(listener)
    }

    /// The listener goes to its one owner: whoever drops it closes it.
    func takeListener() -> Listener? {
        listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
    }

    var failure: SystemError? { failed.withLock { $0 } }

    func fail(_ error: SystemError) {
        failed.withLock { $0 = error }
        statistics.withLock { $0.openConnections = 0 }
    }

    func report(_ token: UInt64, _ outcome: ServerWorkOutcome) {
        letters.withLock { $0.outcomes.append((token, outcome)) }
        wake.signal()
    }

    func stop(atNanoseconds deadline: UInt64) {
        letters.withLock { $0.stopAtNanoseconds = min($0.stopAtNanoseconds ?? .max, deadline) }
        wake.signal()
    }

    func take() -> Letters {
        letters.withLock { letters in
            defer { letters.outcomes = [] }
            return letters
        }
    }
}

/// All sockets of one server, on one thread: built there, and stays there.
final class ServerLoop {
    private final class Client {
        let stream: SocketStream
        var connection: ServerConnection
        var interest: Epoll.Interest = .readable
        var output: (head: [UInt8], body: [UInt8]) = ([], [])
        var sentBytes = 0
        /// As it stands in the sum of all.
        var heldBytes = 0

        init(_ stream: SocketStream, _ connection: ServerConnection) {
            self.stream = stream
            self.connection = connection
        }
    }

    private struct Slot {
        var generation: UInt32 = 0
        var client: Client?
    }

    private static let listenerToken: UInt64 = .max
    private static let wakeToken: UInt64 = .max - 1
    /// Of work that no connection waits for.
    private static let nobodyToken: UInt64 = .max - 2
    /// Connections above the limit that may wait for their 503 to be read.
    private static let turnedAwayAllowance = 64
    private static let acceptPauseNanoseconds: UInt64 = 100_000_000

    private let mailbox: ServerMailbox
    private let workers: WorkerThreads
    private let transferWorkers: WorkerThreads
    private let policy: ServerConnection.Policy
    private let tls: RenewableTLSContext?
    private let certificatesChanged: @Sendable (TLSError?) -> Void
    /// Told already.
    private var certificateFailure: TLSError?
    private let maximumConnections: Int
    private var listener: Listener?
    private let epoll: Epoll
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var openCount = 0
    private var heldBytes = 0
    private let maximumHeldBytes: Int
    /// No deadline of a connection is earlier; it may be later.
    private var earliestDeadline: UInt64 = .max
    private var acceptPausedUntil: UInt64?
    private var stopAt: UInt64?
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var now: UInt64 = SystemClock.monotonicNanoseconds()

    init(
        settings: HTTPServerSettings, handlers: HTTPRequestHandlers, tls: RenewableTLSContext?,
        certificatesChanged: @escaping @Sendable (TLSError?) -> Void, mailbox: ServerMailbox, workers: WorkerThreads,
        transferWorkers: WorkerThreads
    ) throws(SystemError) {
        listener = mailbox.takeListener()
        self.tls = tls
        self.certificatesChanged = certificatesChanged
        self.mailbox = mailbox
        self.workers = workers
        self.transferWorkers = transferWorkers
        maximumConnections = max(1, settings.connections)
        maximumHeldBytes = settings.heldBytes
        policy = ServerConnection.Policy(
            limits: settings.limits, timeouts: settings.timeouts, token: settings.bearerToken.map { BearerToken($0) },
            decidesBodies: handlers.decide != nil, refuse: handlers.refuse)
        epoll = try Epoll()
        if let listener { try epoll.add(listener.rawValue, .readable, token: Self.listenerToken) }
        try epoll.add(mailbox.wake.rawValue, .readable, token: Self.wakeToken)
    }

    deinit {
        scratch.deallocate()
    }

    /// Returns when the server has stopped.
    func run() throws(SystemError) {
        var events: [Epoll.Event] = []
        while stopAt.map({ now < $0 && openCount > 0 }) ?? true {
            events.removeAll(keepingCapacity: true)
            try epoll.wait(milliseconds: waitMilliseconds(), into: &events)
            now = SystemClock.monotonicNanoseconds()
            for event in events {
                switch event.token {
                case Self.listenerToken: try acceptClients()
                case Self.wakeToken: mailbox.wake.drain()
                default: serve(event)
                }
            }
            readMail()
            if now >= earliestDeadline { expireClients() }
            try resumeAccepting()
        }
        for index in slots.indices { remove(index) }
    }

    private func waitMilliseconds() -> Int? {
        let due = min(earliestDeadline, stopAt ?? .max, acceptPausedUntil ?? .max)
        if due == .max { return nil }
        // Rounded up, so that it never wakes just before the time.
        return due <= now ? 0 : Int(clamping: (due - now + 999_999) / 1_000_000)
    }

    private var wallSeconds: Int { Int(SystemClock.wallNanoseconds() / 1_000_000_000) }

    // MARK: Accepting

    private func acceptClients() throws(SystemError) {
        for _ in 0..<64 {
            guard let listener else { return }
            switch listener.accept() {
            case .connection(let descriptor): admit(descriptor)
            case .nothing: return
            case .gone: continue
            case .failed:
                // No descriptors left: the listener stays readable, so that only waiting helps.
                mailbox.statistics.withLock { $0.acceptFailures += 1 }
                evictOldestIdle()
                try epoll.modify(listener.rawValue, [], token: Self.listenerToken)
                acceptPausedUntil = now &+ Self.acceptPauseNanoseconds
                return
            }
        }
    }

    /// Renewed certificates are for the clients that come from then on.
    private func context(of tls: RenewableTLSContext) -> TLSContext {
        switch tls.look() {
        case .unchanged(let context): return context
        case .renewed(let context):
            certificateFailure = nil
            certificatesChanged(nil)
            return context
        case .failed(let error, let old):
            if certificateFailure != error {
                certificateFailure = error
                certificatesChanged(error)
            }
            return old
        }
    }

    private func resumeAccepting() throws(SystemError) {
        guard let paused = acceptPausedUntil, paused <= now else { return }
        acceptPausedUntil = nil
        if let listener { try epoll.modify(listener.rawValue, .readable, token: Self.listenerToken) }
    }

    private func admit(_ descriptor: consuming FileDescriptor) {
        mailbox.statistics.withLock { $0.acceptedConnections += 1 }
        let isFull = openCount >= maximumConnections && !evictOldestIdle()
        if isFull {
            mailbox.statistics.withLock { $0.refusedConnections += 1 }
            if openCount >= maximumConnections + Self.turnedAwayAllowance { return }
        }
        let raw = descriptor.rawValue
        let stream = SocketStream(descriptor)
        if let tls {
            // Without memory for a session there is none for the connection.
            do throws(TLSError) { try stream.secure(with: context(of: tls)) } catch { return }
        }
        let client = Client(stream, ServerConnection(policy, now: now))
        let index = freeSlots.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        slots[index].client = client
        openCount += 1
        publishOpenCount()
        do throws(SystemError) { try epoll.add(raw, .readable, token: token(of: index)) } catch { return remove(index) }
        // Most clients have sent their request by now; if not, this costs one call.
        if isFull {
            perform(client.connection.turnAway(because: "too many connections", now: now, wallSeconds: wallSeconds), index)
        } else {
            earliestDeadline = min(earliestDeadline, client.connection.deadline)
        }
    }

    /// False when no connection is idle.
    @discardableResult
    private func evictOldestIdle() -> Bool {
        var oldest: (since: UInt64, index: Int)?
        for (index, slot) in slots.enumerated() {
            guard let since = slot.client?.connection.idleSince, since < oldest?.since ?? .max else { continue }
            oldest = (since, index)
        }
        guard let oldest else { return false }
        mailbox.statistics.withLock { $0.evictedConnections += 1 }
        remove(oldest.index)
        return true
    }

    // MARK: Serving

    private func token(of index: Int) -> UInt64 { UInt64(slots[index].generation) << 32 | UInt64(index) }

    /// The slot that `token` names, unless its connection is gone.
    private func index(of token: UInt64) -> Int? {
        let index = Int(token & 0xffff_ffff)
        guard index < slots.count, slots[index].client != nil, slots[index].generation == UInt32(token >> 32) else { return nil }
        return index
    }

    private func serve(_ event: Epoll.Event) {
        guard let index = index(of: event.token), let client = slots[index].client else { return }
        if !client.output.head.isEmpty {
            if let next = flush(client, index) { perform(next, index) }
            return
        }
        let mayRead = client.connection.isReceiving && !(client.connection.isReadingAhead && heldBytes > maximumHeldBytes / 2)
        if mayRead { return receive(client, index) }
        // Bytes of a next request while this one is handled, or of a body whose consumer does not keep up, stay in the kernel. A connection that is gone is let go.
        if event.ready.isDisjoint(with: .hungUp) { setInterest([], client, index) } else { remove(index) }
    }

    private func receive(_ client: Client, _ index: Int) {
        switch client.stream.receive(into: scratch) {
        case .wouldBlock(let interest): setInterest(interest, client, index)
        case .moved(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<count])
            var action = client.connection.receive(bytes, now: now, wallSeconds: wallSeconds)
            countHeldBytes(client)
            // A streamed body is never turned away: what is held of it is on its way to its consumer.
            let isStreamed = client.connection.unfinishedStream != nil
            if heldBytes > maximumHeldBytes, client.heldBytes > 0, !isStreamed, case .receive = action {
                mailbox.statistics.withLock { $0.refusedRequests += 1 }
                action = client.connection.turnAway(because: "too much is being received at once", now: now, wallSeconds: wallSeconds)
            }
            perform(action, index)
        case .ended: perform(client.connection.receiveEnd(now: now, wallSeconds: wallSeconds), index)
        case .failed: remove(index)
        }
    }

    /// Does `first` and what follows from it, in a loop: a client may pipeline a great many requests that are refused at once.
    private func perform(_ first: ServerConnection.Action, _ index: Int) {
        var next: ServerConnection.Action? = first
        while let action = next, let client = slots[index].client {
            earliestDeadline = min(earliestDeadline, client.connection.deadline)
            next = perform(action, client, index)
            if slots[index].client === client { countHeldBytes(client) }
        }
    }

    private func countHeldBytes(_ client: Client) {
        let bytes = client.connection.heldBytes
        heldBytes += bytes - client.heldBytes
        client.heldBytes = bytes
    }

    private func perform(_ action: ServerConnection.Action, _ client: Client, _ index: Int) -> ServerConnection.Action? {
        switch action {
        case .receive: setInterest(.readable, client, index)
        case .wait: break
        case .work(let work):
            if case .handle = work { mailbox.statistics.withLock { $0.handledRequests += 1 } }
            if client.connection.isReceiving {
                setInterest(.readable, client, index)
            } else if client.interest == .writable {
                setInterest([], client, index)
            }
            submit(work, token: token(of: index))
        case .send(let head, let body):
            client.output = (head, body)
            client.sentBytes = 0
            return flush(client, index)
        case .linger:
            client.stream.finishSending()
            setInterest(.readable, client, index)
        case .close: remove(index)
        }
        return nil
    }

    /// Sends what fits. Gives what to do once all is sent.
    private func flush(_ client: Client, _ index: Int) -> ServerConnection.Action? {
        let result: StreamResult = client.output.head.withUnsafeBytes { head in
            client.output.body.withUnsafeBytes { body in
                var pieces = OutgoingPieces([head, body])
                pieces.advance(by: client.sentBytes)
                while !pieces.isDone {
                    let result = client.stream.send(pieces)
                    guard case .moved(let count) = result else { return result }
                    client.sentBytes += count
                    pieces.advance(by: count)
                }
                return .moved(client.sentBytes)
            }
        }
        switch result {
        case .failed: remove(index)
        case .wouldBlock(let interest): setInterest(interest, client, index)
        case .ended: remove(index)
        case .moved:
            client.output = ([], [])
            return client.connection.sent(now: now, wallSeconds: wallSeconds)
        }
        return nil
    }

    private func setInterest(_ interest: Epoll.Interest, _ client: Client, _ index: Int) {
        if client.interest == interest { return }
        client.interest = interest
        do throws(SystemError) { try epoll.modify(client.stream.descriptor.rawValue, interest, token: token(of: index)) } catch {
            remove(index)
        }
    }

    /// Closing the descriptor takes it out of the epoll set too.
    private func remove(_ index: Int) {
        guard let client = slots[index].client else { return }
        abandon(client.connection.unfinishedStream)
        heldBytes -= client.heldBytes
        client.heldBytes = 0
        slots[index].client = nil
        slots[index].generation &+= 1
        freeSlots.append(index)
        openCount -= 1
        publishOpenCount()
    }

    private func publishOpenCount() {
        let count = openCount
        mailbox.statistics.withLock { $0.openConnections = count }
    }

    // MARK: Work

    private func submit(_ work: ServerWork, token: UInt64) {
        (work.isTransfer ? transferWorkers : workers).submit(WorkerThreads.Job(token: token, work: work))
    }

    private func count(_ outcome: ServerWorkOutcome) {
        mailbox.statistics.withLock { statistics in
            switch outcome {
            case .decided(.refused): statistics.handledRequests += 1
            case .decided(.streamed):
                statistics.handledRequests += 1
                statistics.streamedBodies += 1
            case .interrupted(.some): statistics.interruptedBodies += 1
            case .read(nil): statistics.brokenResponses += 1
            case .decided(.gathered), .answered, .consumed, .interrupted, .read: break
            }
        }
    }

    /// A connection was gone when its work was done.
    private func abandon(_ outcome: ServerWorkOutcome) {
        if case .decided(.streamed(let stream, _)) = outcome { abandon(stream) }
    }

    /// Has the consumer told, on a worker: it may have files to remove.
    private func abandon(_ stream: BodyStream?) {
        guard let stream else { return }
        submit(.interrupt(stream, .disconnected), token: Self.nobodyToken)
    }

    // MARK: Mail and time

    private func readMail() {
        let letters = mailbox.take()
        for (token, outcome) in letters.outcomes {
            count(outcome)
            guard let index = index(of: token), let client = slots[index].client else {
                abandon(outcome)
                continue
            }
            perform(client.connection.completed(outcome, now: now, wallSeconds: wallSeconds), index)
        }
        guard let deadline = letters.stopAtNanoseconds else { return }
        let isFirst = stopAt == nil
        stopAt = deadline
        if isFirst {
            listener = nil
            acceptPausedUntil = nil
            for index in slots.indices {
                if let client = slots[index].client { perform(client.connection.drain(), index) }
            }
        }
    }

    private func expireClients() {
        earliestDeadline = .max
        for index in slots.indices {
            guard let client = slots[index].client else { continue }
            if client.connection.deadline > now {
                earliestDeadline = min(earliestDeadline, client.connection.deadline)
                continue
            }
            let isInRequest = client.connection.idleSince == nil
            let action = client.connection.expire(now: now, wallSeconds: wallSeconds)
            // A streamed body that comes along is waited for again.
            if case .receive = action {} else if isInRequest { mailbox.statistics.withLock { $0.timedOutConnections += 1 } }
            perform(action, index)
        }
    }
}
