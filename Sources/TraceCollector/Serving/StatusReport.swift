import CommandLineInterface
import ProcessMetrics

/// What `/api/v1/status` says.
struct StatusReport: Encodable {
    struct Output: Encodable {
        let name: String
        let isUp: Bool
        let lastError: String?
        let deliveredSpans: UInt64
        let pendingSpans: UInt64
    }

    struct Sampling: Encodable {
        let keptTraces: UInt64
        let droppedTraces: UInt64
        let earlyDecisions: UInt64
        let openTraces: Int
        let memoryBytes: Int
    }

    struct Buffer: Encodable {
        let usedBytes: UInt64
        let maximumBytes: UInt64
    }

    let version: String
    let uptimeSeconds: Double
    let cpuSeconds: Double
    let residentBytes: UInt64
    let receivedSpans: UInt64
    let buffer: Buffer
    let sampling: Sampling?
    let outputs: [Output]
}

/// What `/api/v1/ledger` says: received + recovered = delivered + pending + sampled away + dropped, for each output.
struct LedgerReport: Encodable, Equatable {
    struct Output: Encodable, Equatable {
        let output: String
        let received: UInt64
        let recovered: UInt64
        let delivered: UInt64
        let pending: UInt64
        let sampledAway: UInt64
        /// By reason; reasons without spans are left out.
        let dropped: [String: UInt64]

        var isBalanced: Bool { received + recovered == delivered + pending + sampledAway + dropped.values.reduce(0, +) }
    }

    let spans: [Output]

    init(_ ledger: SpanLedger, pending: (Int) -> UInt64) {
        spans = ledger.outputs.enumerated().map { index, output in
            var dropped: [String: UInt64] = [:]
            for reason in SpanLedger.DropReason.allCases {
                let count = output.droppedSpans(reason) + ledger.rejectedSpans(reason)
                if count > 0 { dropped[reason.rawValue] = count }
            }
            return Output(
                output: output.name, received: ledger.received.value, recovered: ledger.recovered.value, delivered: output.deliveredSpans,
                pending: pending(index), sampledAway: ledger.sampledAway.value, dropped: dropped)
        }
    }
}
