/// Who sends what, and when: the rules of one output, without threads, clock or socket. Events in, the next step out.
///
/// - Items of one stream are delivered in the order they were offered, never two of them at once.
/// - An item is *prepared* (compressed) before it is sent; that may happen while the one before it is still on its way.
/// - What failed waits; what comes after it in its stream waits with it. A failure of the whole output holds back everything, and
///   then one push at a time tries whether it is over: the one that failed least often, so that a push which the server can
///   never take does not stand in the way of the others.
/// - Nothing is given up: only ``delivered(_:)`` and ``abandon()`` remove items.
///
/// Each item belongs to a push: one item, or several of different streams where `maximumItemsPerPush` allows it.
package struct DeliveryWindow<Stream: Hashable, Item, Push> {
    /// Names a push from its first ``Step/prepare(_:_:)`` to its end. Rises with the age of the push.
    package typealias Ticket = UInt64

    package enum Step {
        /// Make one push of these items, of different streams, and hand it to ``prepared(_:_:)``.
        case prepare(Ticket, [Item])
        /// Send it, then call ``delivered(_:)``, ``again(_:_:)`` or ``failed(_:_:_:nowNanoseconds:)``.
        case send(Ticket, Push)
        /// Nothing to do until this time on the clock of the events, or (nil) until another event.
        case wait(untilNanoseconds: UInt64?)
        /// No more work will come.
        case finished
    }

    private struct Waiting {
        let item: Item
        let bytes: Int
        let order: UInt64
    }

    private enum Stage {
        case preparing
        case ready(Push)
        case sending
    }

    private struct Parcel {
        let streams: [Stream]
        let items: [Item]
        var stage: Stage
        var failures = 0
        /// It failed alone: others need not wait.
        var isHeldBack = false
        var notBeforeNanoseconds: UInt64 = 0
    }

    /// Of one stream: pushes under way, oldest first, and items behind them.
    private struct Lane {
        var tickets: [Ticket] = []
        var waiting: [Waiting] = []
    }

    /// While this many pushes failed with the whole output, no other stream's is tried.
    private static var maximumFailed: Int { 8 }

    private let policy: RetryPolicy
    private let maximumPrepared: Int
    private let maximumItemsPerPush: Int
    private let maximumBytesPerPush: Int
    private let canJoin: (Item, Item) -> Bool
    private var generator: SeededGenerator
    private var lanes: [Stream: Lane] = [:]
    private var parcels: [Ticket: Parcel] = [:]
    private var nextOrder: UInt64 = 0
    private var nextTicket: Ticket = 0
    private var outputFailures = 0
    private var outputNotBeforeNanoseconds: UInt64 = 0
    private var isDraining = false
    private var isAbandoned = false

    /// Items that no push has taken up yet.
    package private(set) var waitingCount = 0
    /// Pushes being sent now.
    package private(set) var sendingCount = 0

    /// `maximumPrepared` bounds how many pushes are ready before their turn; `canJoin` says whether two items may be in one push.
    package init(
        policy: RetryPolicy, maximumPrepared: Int, maximumItemsPerPush: Int = 1, maximumBytesPerPush: Int = .max, seed: UInt64,
        canJoin: @escaping (Item, Item) -> Bool = { _, _ in true }
    ) {
        self.policy = policy
        self.maximumPrepared = max(1, maximumPrepared)
        self.maximumItemsPerPush = max(1, maximumItemsPerPush)
        self.maximumBytesPerPush = maximumBytesPerPush
        self.canJoin = canJoin
        generator = SeededGenerator(seed: seed)
    }

    /// Pushes that are prepared or sent, or wait for another try.
    package var pushCount: Int { parcels.count }
    package var isEmpty: Bool { parcels.isEmpty && waitingCount == 0 }

    /// All pushes have failed so far: an item of a stream that has none under way would be tried beside them.
    package var wantsAnotherStream: Bool {
        !parcels.isEmpty && parcels.count < Self.maximumFailed && parcels.values.allSatisfy { $0.failures > 0 }
            && !lanes.values.contains { $0.tickets.isEmpty && !$0.waiting.isEmpty }
    }

    // MARK: Events

    package mutating func offer(_ item: Item, stream: Stream, bytes: Int) {
        lanes[stream, default: Lane()].waiting.append(Waiting(item: item, bytes: bytes, order: nextOrder))
        nextOrder += 1
        waitingCount += 1
    }

    package mutating func prepared(_ ticket: Ticket, _ push: Push) {
        parcels[ticket]?.stage = .ready(push)
    }

    /// All of the push has arrived, or is decided: its streams go on with what follows.
    package mutating func delivered(_ ticket: Ticket) {
        guard let parcel = parcels.removeValue(forKey: ticket) else { return }
        sendingCount -= 1
        outputFailures = 0
        outputNotBeforeNanoseconds = 0
        for stream in parcel.streams {
            lanes[stream]?.tickets.removeAll { $0 == ticket }
            if let lane = lanes[stream], lane.tickets.isEmpty, lane.waiting.isEmpty { lanes[stream] = nil }
        }
    }

    /// The server answered, and another request of the same push follows.
    package mutating func again(_ ticket: Ticket, _ push: Push) {
        sendingCount -= 1
        outputFailures = 0
        outputNotBeforeNanoseconds = 0
        parcels[ticket]?.stage = .ready(push)
        parcels[ticket]?.failures = 0
        parcels[ticket]?.isHeldBack = false
    }

    /// Gives how long the push waits now, in nanoseconds.
    @discardableResult
    package mutating func failed(_ ticket: Ticket, _ push: Push, _ failure: DeliveryFailure, nowNanoseconds now: UInt64) -> UInt64 {
        guard var parcel = parcels[ticket] else { return 0 }
        sendingCount -= 1
        parcel.failures += 1
        parcel.stage = .ready(push)
        parcel.isHeldBack = failure.scope == .stream
        let own = delay(failure.pace, failures: parcel.failures)
        parcel.notBeforeNanoseconds = now + own
        parcels[ticket] = parcel
        guard failure.scope == .output else { return own }
        outputFailures += 1
        let all = delay(failure.pace, failures: outputFailures)
        outputNotBeforeNanoseconds = max(outputNotBeforeNanoseconds, now + all)
        return max(own, all)
    }

    /// After what is here, nothing more comes.
    package mutating func drain() { isDraining = true }

    /// Nothing is begun any more; what is here stays undelivered.
    package mutating func abandon() { isAbandoned = true }

    private mutating func delay(_ pace: DeliveryFailure.Pace, failures: Int) -> UInt64 {
        switch pace {
        case .backoff: policy.delay(afterFailures: failures, using: &generator)
        case .asked(let nanoseconds): policy.delay(askedNanoseconds: nanoseconds, using: &generator)
        case .slow: policy.slowDelay(using: &generator)
        }
    }

    // MARK: What to do next

    /// What the caller, a thread without work, is to do.
    package mutating func next(nowNanoseconds now: UInt64) -> Step {
        if isAbandoned { return .finished }
        let turn = nextTurn(now)
        if let ticket = turn.ticket, case .ready(let push)? = parcels[ticket]?.stage {
            parcels[ticket]?.stage = .sending
            sendingCount += 1
            return .send(ticket, push)
        }
        if let step = prepare() { return step }
        if isDraining && isEmpty { return .finished }
        return .wait(untilNanoseconds: turn.dueNanoseconds)
    }

    /// The push whose turn it is, or when the next one comes due: the oldest of those that failed least often.
    private func nextTurn(_ now: UInt64) -> (ticket: Ticket?, dueNanoseconds: UInt64?) {
        // Whether an output that failed is well again is found out by one push, not by all.
        if outputFailures > 0 && sendingCount > 0 { return (nil, nil) }
        var best: (failures: Int, ticket: Ticket)?
        var due: UInt64?
        for (candidate, parcel) in parcels {
            guard case .ready = parcel.stage, isFirst(candidate, in: parcel.streams) else { continue }
            let time = max(parcel.notBeforeNanoseconds, outputNotBeforeNanoseconds)
            if time <= now {
                let this = (parcel.failures, candidate)
                if best.map({ this < $0 }) ?? true { best = this }
            } else {
                due = min(due ?? time, time)
            }
        }
        return (best?.ticket, due)
    }

    private func isFirst(_ ticket: Ticket, in streams: [Stream]) -> Bool {
        streams.allSatisfy { lanes[$0]?.tickets.first == ticket }
    }

    /// Takes up the oldest item that could be sent at once, else the oldest behind one that is under way.
    private mutating func prepare() -> Step? {
        guard waitingCount > 0 else { return nil }
        var ready = 0
        var ahead = 0
        var failed = 0
        for (ticket, parcel) in parcels where !parcel.isHeldBack {
            if case .sending = parcel.stage { continue }
            if !isFirst(ticket, in: parcel.streams) {
                ahead += 1
            } else if parcel.failures > 0 {
                failed += 1
            } else {
                ready += 1
            }
        }
        if ready < maximumPrepared, failed < Self.maximumFailed, let stream = oldestLane(where: { $0.tickets.isEmpty }) {
            return takeUp(stream, withOthers: true)
        }
        if ahead < maximumPrepared, let stream = oldestLane(where: isWorthPreparing) { return takeUp(stream, withOthers: false) }
        return nil
    }

    /// A stream whose first push fails needs no further ones ready.
    private func isWorthPreparing(_ lane: Lane) -> Bool {
        guard let first = lane.tickets.first, let parcel = parcels[first] else { return false }
        return parcel.failures == 0
    }

    private func oldestLane(where isEligible: (Lane) -> Bool) -> Stream? {
        var oldest: (stream: Stream, order: UInt64)?
        for (stream, lane) in lanes {
            guard let order = lane.waiting.first?.order, order < oldest?.order ?? .max, isEligible(lane) else { continue }
            oldest = (stream, order)
        }
        return oldest?.stream
    }

    private mutating func takeUp(_ first: Stream, withOthers: Bool) -> Step? {
        guard let head = lanes[first]?.waiting.first else { return nil }
        var streams = [first]
        var bytes = head.bytes
        if withOthers && maximumItemsPerPush > 1 {
            let others = lanes.filter { $0.key != first && $0.value.tickets.isEmpty }
                .compactMap { stream, lane in lane.waiting.first.map { (stream, $0) } }
                .filter { canJoin(head.item, $0.1.item) }
                .map { ($0.0, $0.1.bytes, $0.1.order) }
                .sorted { $0.2 < $1.2 }
            for (stream, size, _) in others where streams.count < maximumItemsPerPush && bytes + size <= maximumBytesPerPush {
                streams.append(stream)
                bytes += size
            }
        }
        let ticket = nextTicket
        nextTicket += 1
        var items: [Item] = []
        for stream in streams {
            guard let item = lanes[stream]?.waiting.removeFirst().item else { continue }
            items.append(item)
            lanes[stream]?.tickets.append(ticket)
        }
        waitingCount -= items.count
        parcels[ticket] = Parcel(streams: streams, items: items, stage: .preparing)
        return .prepare(ticket, items)
    }
}
