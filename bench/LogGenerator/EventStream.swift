/// The log of a transcode service that never was: the same lines for the same seed, four in five of them requests.
///
/// Lines are put together from prepared fragments; what differs from line to line (time, ids, numbers) is stored between
/// them. Keys and their order are those of `StructuredLogging`.
struct EventStream {
    private(set) var truth: Truth
    private(set) var lineCount = 0
    private(set) var byteCount = 0

    private var random: RandomSource
    private let seed: UInt64
    private var timestamp = TimestampText()

    private let vocabulary: Vocabulary
    private let weightedRoutes: [UInt16]
    private let failures: [Int]
    private let routeNamesJob: [Bool]

    // Jobs are numbered; a number's id is computed when a line needs it.
    private var jobsCreated = 0
    private var jobsStarted = 0
    private var jobsEnded = 0

    private let opening = Fragment("{\"timestamp\":\"")
    private let spanID = Fragment("\",\"span_id\":\"")
    private let jobID = Fragment("\",\"job_id\":\"")
    private let ending = Fragment("}\n")
    /// From behind the timestamp up to the trace id: [class of status][kind of message].
    private let requestHeads: [[Fragment]]
    /// From behind the ids up to the method.
    private let keyFragments: [Fragment]
    private let routeFragments: [Fragment]
    private let statusFragments: [Fragment]
    private let jobHeads: [JobEvent: Fragment]
    private let jobTails: [JobEvent: Fragment]
    private let jobTailChoices: [JobEvent: [Fragment]]
    private let wordCount = Fragment(",\"word_count\":")
    private let outputBytes = Fragment(",\"output_bytes\":")
    private let compressionRatio = Fragment(",\"compression_ratio\":")

    private enum JobEvent: String, CaseIterable {
        case created = "job.created"
        case started = "job.started"
        case completed = "job.completed"
        case failed = "job.failed"
        case transcoded = "transcode.finished"
        case transcribed = "transcription.finished"
    }

    init(seed: UInt64, extraRoutes: Int) {
        self.seed = seed
        random = RandomSource(seed: seed)
        let vocabulary = Vocabulary(extraRoutes: extraRoutes)
        self.vocabulary = vocabulary
        weightedRoutes = vocabulary.weightedRoutes
        failures = vocabulary.failures
        routeNamesJob = vocabulary.routes.map { $0.template.contains("{id}") }

        var requestLabels: [String] = []
        for route in vocabulary.routes {
            for status in vocabulary.statuses {
                requestLabels.append("endpoint=\"\(route.template)\",method=\"\(route.method)\",status=\"\(status)\"")
            }
        }
        truth = Truth(
            requestLabels: requestLabels,
            durationLabels: vocabulary.routes.map { "endpoint=\"\($0.template)\",method=\"\($0.method)\"" },
            vocabulary: vocabulary)

        requestHeads = ["INFO", "WARNING", "ERROR"].map { level in
            Self.requestMessages.map { message in
                Fragment(
                    "\",\"level\":\"\(level)\",\"logger\":\"api\",\"message\":\"\(message)\",\"module\":\"api\","
                        + "\"function\":\"log\",\"line\":87,\"service\":\"transcode-service\","
                        + "\"event\":\"http.request\",\"trace_id\":\"")
            }
        }
        keyFragments = vocabulary.apiKeys.map { Fragment("\",\"api_key\":\"\($0)\"") }
        routeFragments = vocabulary.routes.map { Fragment(",\"method\":\"\($0.method)\",\"endpoint\":\"\($0.template)\",\"status\":") }
        statusFragments = vocabulary.statuses.map { Fragment("\($0),\"duration_ms\":") }

        func head(_ event: JobEvent, _ level: String, _ message: String, _ function: String, _ line: Int) -> Fragment {
            Fragment(
                "\",\"level\":\"\(level)\",\"logger\":\"jobs.worker\",\"message\":\"\(message)\",\"module\":\"worker\","
                    + "\"function\":\"\(function)\",\"line\":\(line),\"service\":\"transcode-service\","
                    + "\"event\":\"\(event.rawValue)\",\"trace_id\":\"")
        }
        jobHeads = [
            .created: head(.created, "INFO", "Job accepted.", "accept", 41),
            .started: head(.started, "INFO", "Job taken from the queue.", "run", 112),
            .completed: head(.completed, "INFO", "Job finished; all outputs are stored.", "finish", 203),
            .failed: head(.failed, "ERROR", "Job failed.", "fail", 231),
            .transcoded: head(.transcoded, "INFO", "Rendition written.", "transcode", 158),
            .transcribed: head(.transcribed, "INFO", "Transcript written.", "transcribe", 184),
        ]
        jobTails = [
            .created: Fragment(",\"status\":\"queued\",\"filename\":\"l\\u00e9gende \\\"final\\\".mov\""),
            .started: Fragment(",\"status\":\"processing\",\"queue_time_seconds\":"),
            .completed: Fragment(",\"status\":\"completed\",\"processing_duration_seconds\":"),
        ]
        jobTailChoices = [
            .failed: vocabulary.errorTypes.map {
                Fragment(",\"status\":\"failed\",\"error_type\":\"\($0)\",\"exception\":\"\(Self.exceptionText(of: $0))\"")
            },
            .transcoded: vocabulary.resolutions.map { Fragment(",\"resolution\":\"\($0)\",\"duration_seconds\":") },
            .transcribed: vocabulary.whisperModels.map { Fragment(",\"whisper_model\":\"\($0)\",\"duration_seconds\":") },
        ]
    }

    /// The next event as one line with its newline. `microseconds` since 1970 is the time that it shows.
    mutating func append(to buffer: inout LineBuffer, at microseconds: Int) {
        let before = buffer.count
        buffer.append(opening)
        timestamp.append(microseconds, to: &buffer)
        let choice = random.next(below: 1000)
        if choice < 800 {
            appendRequest(to: &buffer)
        } else {
            appendJob(nextEvent(for: choice), to: &buffer)
        }
        buffer.append(ending)
        lineCount += 1
        byteCount += buffer.count - before
    }

    private mutating func appendRequest(to buffer: inout LineBuffer) {
        let bits = random.next()
        let route = Int(weightedRoutes[random.next(below: weightedRoutes.count)])
        let status =
            bits & 31 == 0
            ? failures[random.next(below: failures.count)]
            : vocabulary.statuses.firstIndex(of: vocabulary.routes[route].success) ?? 0
        let level = max(0, min(2, vocabulary.statuses[status] / 100 - 3))
        let kind = bits >> 8 & 63 == 0 ? 1 : bits >> 8 & 63 == 1 ? 2 : bits >> 8 & 4095 == 2 ? 3 : 0

        buffer.append(requestHeads[level][kind])
        // One of the last thousand jobs, where the path names one.
        appendTrace(to: &buffer)
        if routeNamesJob[route] { appendJobID(Int(bits >> 32 & 1023) + max(0, jobsCreated - 1024), to: &buffer) }
        buffer.append(keyFragments[Int(bits >> 20 & 1023) % keyFragments.count])
        buffer.append(routeFragments[route])
        buffer.append(statusFragments[status])
        // Mostly 1 to 30 ms, seldom up to 16 s; a whole number of microseconds.
        let microseconds = (1000 + Int(bits >> 44 & 4095)) << min(12, (random.next() | 1 << 12).trailingZeroBitCount)
        buffer.appendThousandths(microseconds)

        truth.apiRequests.add(to: route * vocabulary.statuses.count + status)
        truth.apiRequestDuration.observe(microseconds, in: route)
    }

    /// Keeps the order that jobs have: one that was not created cannot start.
    private mutating func nextEvent(for choice: Int) -> JobEvent {
        switch choice {
        case ..<840: .created
        case ..<880: jobsStarted < jobsCreated ? .started : .created
        case ..<916: jobsEnded < jobsStarted ? .completed : .created
        case ..<921: jobsEnded < jobsStarted ? .failed : .created
        case ..<975: jobsStarted > 0 ? .transcoded : .created
        default: jobsStarted > 0 ? .transcribed : .created
        }
    }

    private mutating func appendJob(_ event: JobEvent, to buffer: inout LineBuffer) {
        let job: Int
        switch event {
        case .created: (job, jobsCreated) = (jobsCreated, jobsCreated + 1)
        case .started: (job, jobsStarted) = (jobsStarted, jobsStarted + 1)
        case .completed, .failed: (job, jobsEnded) = (jobsEnded, jobsEnded + 1)
        case .transcoded, .transcribed: job = max(0, jobsStarted - 1)
        }
        if let head = jobHeads[event] { buffer.append(head) }
        appendTrace(to: &buffer)
        appendJobID(job, to: &buffer)
        buffer.append(keyFragments[job % keyFragments.count])
        if let tail = jobTails[event] { buffer.append(tail) }

        switch event {
        case .created:
            truth.jobs.add(to: 0)
            truth.jobsCreated.add()
        case .started:
            let milliseconds = random.next(below: 1000) << random.next(below: 10)
            buffer.appendThousandths(milliseconds)
            truth.jobs.add(to: 1)
            truth.jobQueueTime.observe(milliseconds)
        case .completed:
            let milliseconds = (20_000 + random.next(below: 40_000)) << random.next(below: 9)
            buffer.appendThousandths(milliseconds)
            truth.jobs.add(to: 2)
            truth.jobsCompleted.add()
            truth.jobProcessingDuration.observe(milliseconds)
        case .failed:
            let kind = appendChoice(for: event, to: &buffer)
            truth.jobs.add(to: 3)
            truth.jobsFailed.add(to: kind)
        case .transcoded:
            let kind = appendChoice(for: event, to: &buffer)
            let milliseconds = (10_000 + random.next(below: 30_000)) << random.next(below: 8)
            let bytes = 1_000_000 + random.next(below: 900_000_000)
            let ratio = 50 + random.next(below: 960)
            buffer.appendThousandths(milliseconds)
            buffer.append(outputBytes)
            buffer.appendDecimal(bytes)
            buffer.append(compressionRatio)
            buffer.appendThousandths(ratio)
            truth.transcodeDuration.observe(milliseconds, in: kind)
            truth.transcodedBytes.add(bytes, to: kind)
            truth.compressionRatio.observe(ratio, in: kind)
        case .transcribed:
            let kind = appendChoice(for: event, to: &buffer)
            let milliseconds = (10_000 + random.next(below: 30_000)) << random.next(below: 7)
            let words = random.next(below: 12_000)
            buffer.appendThousandths(milliseconds)
            buffer.append(wordCount)
            buffer.appendDecimal(words)
            truth.transcriptionDuration.observe(milliseconds, in: kind)
            truth.transcriptionWords.observe(words)
        }
    }

    private mutating func appendChoice(for event: JobEvent, to buffer: inout LineBuffer) -> Int {
        guard let choices = jobTailChoices[event] else { return 0 }
        let kind = random.next(below: choices.count)
        buffer.append(choices[kind])
        return kind
    }

    private mutating func appendTrace(to buffer: inout LineBuffer) {
        buffer.appendHexadecimal(random.next())
        buffer.appendHexadecimal(random.next())
        buffer.append(spanID)
        buffer.appendHexadecimal(random.next())
    }

    private func appendJobID(_ number: Int, to buffer: inout LineBuffer) {
        buffer.append(jobID)
        buffer.appendHexadecimal(RandomSource.mix(seed ^ UInt64(number)))
    }

    /// As they stand inside the quotes of a JSON string. The plain one is by far the most frequent.
    private static let requestMessages = [
        "Request finished.",
        "Request finished: \\\"Caf\\u00e9 \\\\ Bar.mov\\\"\\nsecond line\\twith a tab",
        "Request finished: “Größe 日本語 🎬.mp4”",
        "Request finished after many attempts: " + String(repeating: "part was sent again, ", count: 200) + "done",
    ]

    private static func exceptionText(of errorType: String) -> String {
        "Traceback (most recent call last):\\n  File \\\"/srv/worker.py\\\", line 231, in run\\n    step(job)\\n"
            + "RuntimeError: \(errorType) step exited with status 1"
    }
}
