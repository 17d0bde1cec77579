import ConnectionSettings
import Foundation
import HTTP
import Metrics
import StructuredLogging
import SystemIO
import TestSupport

@testable import LogAgent

/// One output on a sink, with quick retries.
final class OutputRig {
    let mailbox: OutcomeMailbox
    let registry = MetricRegistry(startedAt: 1)
    let sender: OutputSender
    let directory: String
    var outcomes: [BatchOutcome] = []

    init(
        _ url: String, in directory: String, inFlight: Int = 2, timeout: UInt64 = 10_000_000_000,
        maximumBackoff: UInt64 = 4_000_000, _ change: (inout LokiSettings) -> Void = { _ in }
    ) throws {
        var loki = LokiSettings(
            url: url, tenantID: nil, authorization: .none, headers: [], compression: .gzip, compressionLevel: 1, streamsPerPush: .one)
        change(&loki)
        let settings = OutputSettings(
            name: "loki", destination: .loki(loki), batch: BatchSettings(maximumBytes: 1 << 20, maximumWaitNanoseconds: 0),
            inFlight: inFlight,
            retry: RetrySettings(
                minimumBackoffNanoseconds: 1_000_000, maximumBackoffNanoseconds: maximumBackoff, timeoutNanoseconds: timeout))
        self.directory = directory
        mailbox = OutcomeMailbox(event: try EventDescriptor())
        let null = try FileDescriptor(opening: "/dev/null", O_WRONLY)
        let output = LogOutput(service: "test", descriptor: null.rawValue)
        sender = try OutputSender(
            number: 3, settings: settings, dataDirectory: directory, outcomes: mailbox, registry: registry,
            logger: Logger(name: "test", output: output), seed: 1)
        self.null = null
    }

    private let null: FileDescriptor

    func waitFor(outcomes count: Int) throws {
        try waitUntil("\(count) outcomes") {
            outcomes += mailbox.takeAll()
            return outcomes.count >= count
        }
    }
}
