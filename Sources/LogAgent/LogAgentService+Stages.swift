import Delivery
import JSONScanning
import Metrics
import SystemIO
import Tailing

/// What lines go through, made of one configuration.
struct Stages {
    let settings: LogAgentSettings
    let derived: DerivedMetrics
    let transformCounts: TransformCounts
    let pipelines: [LinePipeline]
}

extension LogAgentService {
    /// Makes what lines go through. `earlierCounts`: what metrics met before, under another configuration.
    func makeStages(journals: FileJournals, earlierCounts: [MetricRules.Counts] = []) throws(LogAgentError) -> Stages {
        do {
            let paths = FieldPaths(
                settings.sources.flatMap(LinePipeline.fieldPaths) + MetricRules.requiredPaths(settings.metrics)
                    + LineTransforms.requiredPaths(settings.transforms))
            let scanner = JSONScanner(paths: paths)
            // Every path was collected above.
            let slot = { (path: String) in paths.slot(of: path) ?? 0 }
            let derived = try DerivedMetrics(
                settings.metrics, now: SystemClock.wallNanoseconds(), earlierCounts: earlierCounts, slot: slot)
            let counts = TransformCounts(steps: settings.transforms, outputs: settings.outputs.map(\.name))
            let pipelines = try settings.sources.map { source in
                try LinePipeline(
                    source: source, scanner: scanner, rules: derived.rules,
                    transforms: LineTransforms(source, fields: scanner, counts: counts), journals: journals)
            }
            return Stages(settings: settings, derived: derived, transformCounts: counts, pipelines: pipelines)
        } catch {
            throw .settings("\(error)")
        }
    }

    /// Makes one output's sender and starts its threads.
    func makeSender(_ output: OutputSettings, control: ReaderControl, registry: MetricRegistry) throws(LogAgentError) -> OutputSender {
        try attempt { () throws(OutputSenderError) in
            try OutputSender(
                number: control.makeSenderNumber(), settings: output, dataDirectory: settings.dataDirectory, outcomes: control.outcomes,
                registry: registry, logger: log.logger.named("output.\(output.name)"))
        }
    }

    /// The sources as the tails take them.
    var tailSources: [TailSource] {
        settings.sources.map { source in
            guard source.kind == .file else {
                return TailSource(name: source.name, segmentsIn: source.captureDirectories(in: settings.dataDirectory))
            }
            var tailed = TailSource(
                name: source.name, include: source.include, exclude: source.exclude,
                startPosition: source.startAt == .end ? .end : .beginning, alwaysPolls: source.watch == .poll,
                ignoredAgeNanoseconds: source.files.ignoredAgeNanoseconds, removedAgeNanoseconds: source.files.removeAfterNanoseconds,
                readsOldestFirst: source.files.order == .oldestFirst, linkTargets: source.files.linkTargets,
                encoding: source.files.encoding)
            tailed.ownDirectories = DataDirectory.subdirectories(of: settings.dataDirectory)
            tailed.ownFiles = settings.outputs.flatMap { output in
                guard case .directory(let directory) = output.destination else { return [GlobPattern]() }
                return DirectoryStore.fileNames.map { GlobPattern(filesIn: directory.path, named: $0) }
            }
            return tailed
        }
    }

    var pollNanoseconds: UInt64 { settings.sources.map(\.pollNanoseconds).min() ?? 1_000_000_000 }

    var maximumLineBytes: Int { settings.sources.map(\.maximumLineBytes).max() ?? 0 }

    /// How far before a cursor an open entry may begin.
    var maximumReach: Int { settings.sources.map { $0.assembling?.reachBytes ?? 0 }.max() ?? 0 }
}
