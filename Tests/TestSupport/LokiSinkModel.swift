import Foundation

/// One entry as Loki keeps it.
package struct LokiEntry: Hashable, Sendable {
    package var timestamp: UInt64
    package var line: String
    package var metadata: [String: String]

    package init(timestamp: UInt64, line: String, metadata: [String: String] = [:]) {
        self.timestamp = timestamp
        self.line = line
        self.metadata = metadata
    }
}

/// A decoded push body.
package struct LokiPushRequest: Equatable, Sendable {
    package struct Stream: Equatable, Sendable {
        package var labels: [String: String]
        package var entries: [LokiEntry]

        package init(labels: [String: String], entries: [LokiEntry]) {
            self.labels = labels
            self.entries = entries
        }
    }

    package var streams: [Stream]

    package init(streams: [Stream]) {
        self.streams = streams
    }

    /// nil for what Loki would answer with 400: no JSON, a time that is no string, metadata that is no text.
    package init?(json: [UInt8]) {
        guard let root = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else { return nil }
        var streams: [Stream] = []
        for stream in root["streams"] as? [[String: Any]] ?? [] {
            guard let labels = stream["stream"] as? [String: String] else { return nil }
            var entries: [LokiEntry] = []
            for value in stream["values"] as? [[Any]] ?? [] {
                guard value.count >= 2, let time = (value[0] as? String).flatMap({ UInt64($0) }), let line = value[1] as? String else {
                    return nil
                }
                var metadata: [String: String] = [:]
                if value.count > 2 {
                    guard let object = value[2] as? [String: String] else { return nil }
                    metadata = object
                }
                entries.append(LokiEntry(timestamp: time, line: line, metadata: metadata))
            }
            streams.append(Stream(labels: labels, entries: entries))
        }
        self.streams = streams
    }
}

/// What a Loki does with pushes, as far as a client can see it: storing, removing copies, refusing with Loki's words.
///
/// A distributor checks each entry by itself and an ingester each stream; if the ingester refuses anything, only its words about
/// the last stream are returned. `pkg/distributor`, `pkg/ingester/stream.go`, `pkg/ingester/instance.go`.
package struct LokiSinkModel: Sendable {
    package struct Limits: Sendable {
        package var oldestTimestamp: UInt64?
        package var newestTimestamp: UInt64?
        package var maximumLineBytes: Int?
        package var maximumMetadataBytes: Int?
        package var maximumMetadataCount: Int?
        package var allowsMetadata = true
        package var maximumLabelValueBytes: Int?
        /// How far behind a stream's newest entry another may be.
        package var outOfOrderWindow: UInt64?
        /// Why the ingester refuses this entry, whatever its time.
        package var refuses: (@Sendable (LokiEntry) -> String?)?
        /// How many refused entries the ingester names.
        package var maximumReturnedErrors = 10
        /// Whether a 400 is answered with words that nobody can read.
        package var isTaciturn = false
        /// A request with more entries is answered 413.
        package var maximumEntries: Int?

        package init() {}
    }

    package struct Answer: Equatable, Sendable {
        package var status: Int
        package var text: String
    }

    package struct Stored: Equatable, Sendable {
        package var entry: LokiEntry
        /// How often it came.
        package var count: Int
    }

    package var limits: Limits
    /// In order of arrival, without copies.
    package private(set) var streams: [[String: String]: [Stored]] = [:]
    /// How often an entry was refused.
    package private(set) var refused: [[String: String]: [LokiEntry: Int]] = [:]
    private var positions: [[String: String]: [LokiEntry: Int]] = [:]
    private var newest: [[String: String]: UInt64] = [:]
    private var lastEntry: [[String: String]: LokiEntry] = [:]

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    package var entryCount: Int { streams.values.reduce(0) { $0 + $1.count } }

    package mutating func push(_ request: LokiPushRequest) -> Answer {
        if request.streams.allSatisfy(\.entries.isEmpty) {
            return Answer(status: 422, text: "error at least one valid stream is required for ingestion")
        }
        let count = request.streams.reduce(0) { $0 + $1.entries.count }
        if let maximum = limits.maximumEntries, count > maximum {
            return Answer(status: 413, text: "request body too large: \(count) bytes, limit: \(maximum) bytes")
        }
        var messages: [String] = []
        var lastOutcome: Answer?
        for stream in request.streams {
            if let long = limits.maximumLabelValueBytes.flatMap({ limit in stream.labels.values.first { $0.utf8.count > limit } }) {
                messages.append("stream '\(Self.name(stream.labels))' has label value too long: '\(long)'")
                for entry in stream.entries { noteRefused(entry, stream.labels) }
                continue
            }
            var valid: [LokiEntry] = []
            for entry in stream.entries {
                if let message = distributorMessage(entry, stream.labels) {
                    messages.append(message)
                    noteRefused(entry, stream.labels)
                } else {
                    valid.append(entry)
                }
            }
            if !valid.isEmpty { lastOutcome = ingest(valid, stream.labels) }
        }
        if let lastOutcome, lastOutcome.status != 204 { return spoken(lastOutcome) }
        if !messages.isEmpty { return spoken(Answer(status: 400, text: Self.grouped(messages))) }
        return Answer(status: 204, text: "")
    }

    private func spoken(_ answer: Answer) -> Answer {
        limits.isTaciturn ? Answer(status: answer.status, text: "bad things happened") : answer
    }

    private func distributorMessage(_ entry: LokiEntry, _ labels: [String: String]) -> String? {
        let stream = Self.name(labels)
        if let oldest = limits.oldestTimestamp, entry.timestamp < oldest {
            return
                "entry for stream '\(stream)' has timestamp too old: \(Self.rfc3339(entry.timestamp)), oldest acceptable timestamp is: \(Self.rfc3339(oldest))"
        }
        if let newest = limits.newestTimestamp, entry.timestamp > newest {
            return "entry for stream '\(stream)' has timestamp too new: \(Self.rfc3339(entry.timestamp))"
        }
        if let maximum = limits.maximumLineBytes, entry.line.utf8.count > maximum {
            return
                "Max entry size '\(maximum)' bytes exceeded for stream '\(stream)' while adding an entry with length '\(entry.line.utf8.count)' bytes"
        }
        if entry.metadata.isEmpty { return nil }
        if !limits.allowsMetadata {
            return
                "stream '\(stream)' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it."
        }
        let bytes = entry.metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if let maximum = limits.maximumMetadataBytes, bytes > maximum {
            return
                "stream '\(stream)' has structured metadata too large: '\(bytes)' bytes, limit: '\(maximum)' bytes. Please see `limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it."
        }
        if let maximum = limits.maximumMetadataCount, entry.metadata.count > maximum {
            return
                "stream '\(stream)' has too many structured metadata labels: '\(entry.metadata.count)', limit: '\(maximum)'. Please see `limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to increase it."
        }
        return nil
    }

    private mutating func ingest(_ entries: [LokiEntry], _ labels: [String: String]) -> Answer {
        var failures: [(entry: LokiEntry, reason: String)] = []
        for entry in entries {
            if lastEntry[labels] == entry {
                store(entry, labels)
                continue
            }
            if let reason = limits.refuses?(entry) {
                failures.append((entry, reason))
            } else if let window = limits.outOfOrderWindow, let highest = newest[labels], highest > window,
                entry.timestamp < highest - window
            {
                let reason =
                    "entry too far behind, entry timestamp is: \(Self.rfc3339(entry.timestamp)), oldest acceptable timestamp is: \(Self.rfc3339(highest - window))"
                failures.append((entry, reason))
            } else {
                store(entry, labels)
                continue
            }
            noteRefused(entry, labels)
        }
        if failures.isEmpty { return Answer(status: 204, text: "") }
        var text = ""
        for failure in failures.prefix(limits.maximumReturnedErrors) {
            text += "entry with timestamp \(Self.goString(failure.entry.timestamp)) ignored, reason: '\(failure.reason)',\n"
        }
        text += "user 'fake', total ignored: \(failures.count) out of \(entries.count) for stream: \(Self.name(labels))"
        return Answer(status: 400, text: text)
    }

    private mutating func store(_ entry: LokiEntry, _ labels: [String: String]) {
        newest[labels] = max(newest[labels] ?? 0, entry.timestamp)
        lastEntry[labels] = entry
        if let position = positions[labels, default: [:]][entry] {
            streams[labels, default: []][position].count += 1
        } else {
            positions[labels, default: [:]][entry] = streams[labels, default: []].count
            streams[labels, default: []].append(Stored(entry: entry, count: 1))
        }
    }

    private mutating func noteRefused(_ entry: LokiEntry, _ labels: [String: String]) {
        refused[labels, default: [:]][entry, default: 0] += 1
    }

    /// `pkg/util/errors.go` `GroupedErrors`: messages of equal text are counted, in no order.
    private static func grouped(_ messages: [String]) -> String {
        var counts: [String: Int] = [:]
        for message in messages { counts[message, default: 0] += 1 }
        if counts.count == 1, let only = counts.first, only.value == 1 { return only.key }
        return counts.map { "\($0.value) errors like: \($0.key)" }.joined(separator: "; ")
    }

    /// `{a="b", c="d"}`.
    package static func name(_ labels: [String: String]) -> String {
        let pairs = labels.sorted { $0.key < $1.key }.map { pair in
            let value = pair.value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            return "\(pair.key)=\"\(value)\""
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }

    /// `2026-01-02T15:04:05Z`, the fraction cut off.
    package static func rfc3339(_ nanoseconds: UInt64) -> String {
        dateTime(nanoseconds, separator: "T") + "Z"
    }

    /// As Go's `Time.String` prints it.
    package static func goString(_ nanoseconds: UInt64) -> String {
        var fraction = String(nanoseconds % 1_000_000_000 + 1_000_000_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return dateTime(nanoseconds, separator: " ") + (fraction.isEmpty ? "" : ".\(fraction)") + " +0000 UTC"
    }

    private static func dateTime(_ nanoseconds: UInt64, separator: String) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var time = tm()
        gmtime_r(&seconds, &time)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "\(time.tm_year + 1900)-\(two(time.tm_mon + 1))-\(two(time.tm_mday))\(separator)\(two(time.tm_hour)):\(two(time.tm_min)):\(two(time.tm_sec))"
    }
}
