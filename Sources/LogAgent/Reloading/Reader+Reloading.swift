import Metrics
import SystemIO
import Tailing

extension Reader {
    /// How long what is on its way may take before a new configuration is taken over.
    static let settlingNanoseconds: UInt64 = 2_000_000_000

    /// Takes a new configuration over, between two lines, or leaves everything as it is.
    ///
    /// Cursors, ledgers and the values of metrics go on where they are: a metric whose kind, labels and buckets stay keeps its series.
    /// An output whose settings stay keeps its sender with all that is on its way. Of one that changed, what has no answer yet is sent
    /// again, byte for byte, by its new settings, as after a crash.
    func adopt(_ reload: Reload) {
        do throws(LogAgentError) {
            try takeOver(reload)
            reload.finished(.adopted)
        } catch {
            reload.finished(.refused(error))
        }
    }

    private func takeOver(_ reload: Reload) throws(LogAgentError) {
        let service = reload.service
        let settings = service.settings
        // What can fail comes first, and changes nothing that runs.
        let journals = shared.update { $0.pipelines.first?.journals }
        guard let journals else { throw .start("the running configuration has no source") }
        let stages = try service.makeStages(journals: journals, earlierCounts: shared.update { $0.derived.rules.counts })
        let running = shared.update { $0.outputs }
        let kept = running.filter { port in settings.outputs.contains(port.settings) }
        let fresh = try makeSenders(for: settings.outputs.filter { output in !kept.contains { $0.settings == output } }, reload)

        settle()
        let names = Set(settings.outputs.map(\.name))
        for port in running where !kept.contains(where: { $0 === port }) {
            port.sender.stop()
            takeOutcomes()
            if !names.contains(port.settings.name) { reload.registry.removeSeries(label: "output", value: port.settings.name) }
        }

        let budget = MemoryBudget(total: settings.memoryBytes, outputs: settings.outputs.count)
        let ports = settings.outputs.enumerated().compactMap { index, output -> OutputPort? in
            if let port = kept.first(where: { $0.settings == output }) {
                return OutputPort(continuing: port, index: index, budgetBytes: budget.bytesPerOutput)
            }
            return fresh[output.name].map { OutputPort(index: index, settings: output, sender: $0, budgetBytes: budget.bytesPerOutput) }
        }
        let findings = shared.update { state in
            state.derived.table.capture(into: &capture)
            var values: [UInt8] = []
            capture.encode(into: &values)
            let findings = stages.derived.restore(values, now: SystemClock.wallNanoseconds())
            takeOver(service, state, stages, ports, kept: Set(kept.map(\.settings.name)))
            return findings
        }
        for finding in findings { log.metricsNotRestored(finding) }
        resizeBuffer(maximumLineBytes: service.maximumLineBytes, maximumReach: service.maximumReach)
        spillSettings = settings.spill
        tails.spills?.maximumBytes = settings.spill.maximumBytes
        if let file = spill?.file, tails.files[file.id] !== file { spill = nil }
        tails.lookAtNewSources()
        attended = tails.files
        hasChanged = true
        lastCheckpointNanoseconds = 0
    }

    private func makeSenders(for outputs: [OutputSettings], _ reload: Reload) throws(LogAgentError) -> [String: OutputSender] {
        var senders: [String: OutputSender] = [:]
        do throws(LogAgentError) {
            for output in outputs {
                senders[output.name] = try reload.service.makeSender(output, control: control, registry: reload.registry)
            }
        } catch {
            for sender in senders.values { sender.stop() }
            throw error
        }
        return senders
    }

    /// Sends what is in open batches, and waits a while for what healthy outputs have to say.
    private func settle() {
        shared.update { state in for output in state.outputs { output.sealAll() } }
        let deadline = SystemClock.monotonicNanoseconds() + Self.settlingNanoseconds
        func isWaiting() -> Bool {
            shared.update { state in state.outputs.contains { $0.heldBytes > 0 && $0.sender.isHealthy } }
        }
        while !control.isStopping, SystemClock.monotonicNanoseconds() < deadline, isWaiting() {
            waitForEvents(until: min(deadline, SystemClock.monotonicNanoseconds() + 20_000_000))
            takeOutcomes()
        }
    }

    /// Under the lock: looks at no disk.
    private func takeOver(_ service: LogAgentService, _ state: AgentState, _ stages: Stages, _ ports: [OutputPort], kept: Set<String>) {
        // Files that no source takes any more are saved by the names of the old configuration.
        let saved = Dictionary(uniqueKeysWithValues: tails.files.values.map { ($0.id, self.saved($0, state)) })
        for file in tails.use(service.tailSources, pollNanoseconds: service.pollNanoseconds) {
            state.files[file.id] = nil
            if let file = saved[file.id] { state.setAside.append(file) }
        }
        state.adopt(stages, outputs: ports, kept: kept)
        let names = ports.map(\.settings.name)
        state.setAside.removeAll { saved in
            guard let file = tails.takeBack(saved.saved) else { return false }
            state.files[file.id] = FileState(restoring: saved, of: file, origin: state.origin(of: file), outputs: names)
            return true
        }
        for file in tails.files.values {
            guard let fileState = state.files[file.id] else { continue }
            fileState.sourceIndex = file.sourceIndex
            queueWhereBehind(fileState, state)
        }
    }
}
