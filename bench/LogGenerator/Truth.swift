/// The counts that any reader of the generated lines must arrive at, kept while they are written.
///
/// The families are those of `config/recipes/transcode.json5`. Values are whole numbers in the unit that the line shows
/// (thousandths, or one), so that sums are exact.
struct Truth {
    var apiRequests: CounterTruth
    var apiRequestDuration: HistogramTruth
    var jobs: CounterTruth
    var jobsCreated = CounterTruth("jobs_created_total", labels: [""])
    var jobsCompleted = CounterTruth("jobs_completed_total", labels: [""])
    var jobsFailed: CounterTruth
    var jobProcessingDuration = HistogramTruth(
        "job_processing_duration_seconds", labels: [""], bounds: [60, 300, 600, 1800, 3600, 7200, 14400], unitsPerOne: 1000)
    var jobQueueTime = HistogramTruth(
        "job_queue_time_seconds", labels: [""], bounds: [1, 5, 10, 30, 60, 300, 600], unitsPerOne: 1000)
    var transcodeDuration: HistogramTruth
    var transcodedBytes: CounterTruth
    var compressionRatio: HistogramTruth
    var transcriptionDuration: HistogramTruth
    var transcriptionWords = HistogramTruth(
        "transcription_word_count", labels: [""], bounds: [100, 500, 1000, 2000, 5000, 10000], unitsPerOne: 1)

    init(requestLabels: [String], durationLabels: [String], vocabulary: Vocabulary) {
        apiRequests = CounterTruth("api_requests_total", labels: requestLabels)
        // 0.01 s is 10,000 thousandths of a millisecond.
        apiRequestDuration = HistogramTruth(
            "api_request_duration_seconds", labels: durationLabels, bounds: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10], unitsPerOne: 1_000_000)
        jobs = CounterTruth("jobs_total", labels: Vocabulary.jobStatuses.map { "status=\"\($0)\"" })
        jobsFailed = CounterTruth("jobs_failed_total", labels: vocabulary.errorTypes.map { "error_type=\"\($0)\"" })
        let resolutions = vocabulary.resolutions.map { "resolution=\"\($0)\"" }
        transcodeDuration = HistogramTruth(
            "video_transcode_duration_seconds", labels: resolutions, bounds: [30, 60, 120, 300, 600, 1200, 1800, 3600], unitsPerOne: 1000)
        transcodedBytes = CounterTruth("video_transcoded_bytes_total", labels: resolutions)
        compressionRatio = HistogramTruth(
            "video_compression_ratio", labels: resolutions, bounds: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], unitsPerOne: 1000)
        transcriptionDuration = HistogramTruth(
            "transcription_duration_seconds", labels: vocabulary.whisperModels.map { "whisper_model=\"\($0)\"" },
            bounds: [30, 60, 120, 300, 600, 1200, 1800], unitsPerOne: 1000)
    }

    /// `{"lines":…,"bytes":…,"families":{NAME:{"type":…,"series":{LABELS:…}}}}`; LABELS as Prometheus writes them, sorted by
    /// name; a histogram's series is `{"count":…,"sum":…,"buckets":{BOUND:…}}`, cumulative. Series without an event are left out.
    func json(lines: Int, bytes: Int) -> String {
        let families = [
            apiRequests.json, apiRequestDuration.json, jobs.json, jobsCreated.json, jobsCompleted.json, jobsFailed.json,
            jobProcessingDuration.json, jobQueueTime.json, transcodeDuration.json, transcodedBytes.json, compressionRatio.json,
            transcriptionDuration.json, transcriptionWords.json,
        ]
        return "{\"lines\":\(lines),\"bytes\":\(bytes),\"families\":{\n\(families.joined(separator: ",\n"))\n}}\n"
    }
}

struct CounterTruth {
    let name: String
    let labels: [String]
    private var values: [Int]

    init(_ name: String, labels: [String]) {
        self.name = name
        self.labels = labels
        values = Array(repeating: 0, count: labels.count)
    }

    mutating func add(_ amount: Int = 1, to series: Int = 0) {
        values[series] += amount
    }

    var json: String {
        let series = zip(labels, values).filter { $0.1 > 0 }.map { "\(quoted($0.0)):\($0.1)" }
        return "\"\(name)\":{\"type\":\"counter\",\"series\":{\(series.joined(separator: ","))}}"
    }
}

struct HistogramTruth {
    let name: String
    let labels: [String]
    private let bounds: [Double]
    private let unitBounds: [Int]
    private let unitsPerOne: Int
    /// For each series: one count for each bound, and one for what is above.
    private var counts: [Int]
    private var sums: [Int]

    init(_ name: String, labels: [String], bounds: [Double], unitsPerOne: Int) {
        self.name = name
        self.labels = labels
        self.bounds = bounds
        self.unitsPerOne = unitsPerOne
        unitBounds = bounds.map { Int(($0 * Double(unitsPerOne)).rounded()) }
        counts = Array(repeating: 0, count: labels.count * (bounds.count + 1))
        sums = Array(repeating: 0, count: labels.count)
    }

    mutating func observe(_ units: Int, in series: Int = 0) {
        var bucket = 0
        while bucket < unitBounds.count && units > unitBounds[bucket] { bucket += 1 }
        counts[series * (unitBounds.count + 1) + bucket] += 1
        sums[series] += units
    }

    var json: String {
        var series: [String] = []
        for (index, label) in labels.enumerated() {
            let own = counts[(index * (bounds.count + 1))..<((index + 1) * (bounds.count + 1))]
            let total = own.reduce(0, +)
            if total == 0 { continue }
            var cumulative = 0
            var buckets: [String] = []
            for (bound, count) in zip(bounds, own) {
                cumulative += count
                buckets.append("\"\(bound)\":\(cumulative)")
            }
            let sum = Double(sums[index]) / Double(unitsPerOne)
            series.append("\(quoted(label)):{\"count\":\(total),\"sum\":\(sum),\"buckets\":{\(buckets.joined(separator: ","))}}")
        }
        return "\"\(name)\":{\"type\":\"histogram\",\"series\":{\(series.joined(separator: ","))}}"
    }
}

/// A JSON string of a text that holds no control characters.
private func quoted(_ text: String) -> String {
    var result = "\""
    for character in text {
        if character == "\"" || character == "\\" { result += "\\" }
        result.append(character)
    }
    return result + "\""
}
