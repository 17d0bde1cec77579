/// The batches of one reader that were taken and are not settled, and how far everything is. A pure value.
///
/// Batches may be settled in any order; a cursor moves only over what is settled without a gap.
struct BatchesUnderWay: Equatable, Sendable {
    typealias Ticket = UInt64

    private struct Batch: Equatable {
        let ticket: Ticket
        /// Before it the batch is settled.
        var settled: LogPosition
        let end: LogPosition
    }

    /// In the order of the log.
    private var batches: [Batch] = []
    private var nextTicket: Ticket = 0

    var count: Int { batches.count }

    /// Batches begin in the order of the log.
    mutating func begin(from start: LogPosition, to end: LogPosition) -> Ticket {
        defer { nextTicket += 1 }
        batches.append(Batch(ticket: nextTicket, settled: start, end: end))
        return nextTicket
    }

    /// The batch is settled before `position`. Gives before which position everything is.
    mutating func settle(_ ticket: Ticket, through position: LogPosition) -> LogPosition {
        guard let index = batches.firstIndex(where: { $0.ticket == ticket }) else { return position }
        batches[index].settled = position
        var reached = batches[0].settled
        while let first = batches.first {
            reached = first.settled
            guard first.settled >= first.end else { break }
            batches.removeFirst()
        }
        return reached
    }
}
