/// The two text formats that a scrape can get (wire contract 6.2).
package enum ExpositionFormat: Equatable, Sendable, CaseIterable {
    case prometheusText
    case openMetrics

    package var contentType: String {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What to answer to an `Accept` header (RFC 9110 §12.5.1); nil or nonsense: Prometheus text. OpenMetrics is given to those who
    /// name it, version 1.0.0 or none, and prefer it to the plain text; of two equals the first named.
    package init(accept: String?) {
        var openMetrics = Preference(quality: 0, position: Int.max, specificity: -1)
        var text = openMetrics
        for (position, range) in Self.split(accept ?? "", at: ",").enumerated() {
            guard let range = MediaRange(range) else { continue }
            switch range.type {
            case "application/openmetrics-text" where range.version == nil || range.version == "1.0.0":
                openMetrics.take(range.quality, at: position, specificity: 0)
            case "text/plain" where range.version == nil || range.version == "0.0.4":
                text.take(range.quality, at: position, specificity: range.version == nil ? 2 : 3)
            case "text/*": text.take(range.quality, at: position, specificity: 1)
            case "*/*": text.take(range.quality, at: position, specificity: 0)
            default: continue
            }
        }
        let prefersOpenMetrics =
            openMetrics.quality > text.quality || (openMetrics.quality == text.quality && openMetrics.position < text.position)
        self = openMetrics.quality > 0 && prefersOpenMetrics ? .openMetrics : .prometheusText
    }

    private struct Preference {
        var quality: Double
        var position: Int
        var specificity: Int

        /// The most specific range counts, and among equals the highest quality.
        mutating func take(_ quality: Double, at position: Int, specificity: Int) {
            guard specificity > self.specificity || (specificity == self.specificity && quality > self.quality) else { return }
            self = Preference(quality: quality, position: position, specificity: specificity)
        }
    }

    private struct MediaRange {
        var type: String
        var version: String?
        var quality = 1.0

        /// Unknown parameters, also repeated ones, are passed over; nil if there is no type or the quality is no number from 0 to 1.
        init?(_ text: String) {
            let parts = ExpositionFormat.split(text, at: ";")
            guard let first = parts.first, !first.isEmpty else { return nil }
            type = first.lowercased()
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map(ExpositionFormat.trimmed)
                guard pair.count == 2 else { continue }
                let value =
                    pair[1].hasPrefix("\"") && pair[1].hasSuffix("\"") && pair[1].count > 1
                    ? String(pair[1].dropFirst().dropLast()) : pair[1]
                switch pair[0].lowercased() {
                case "version": version = value
                case "q":
                    guard let quality = Double(value), (0...1).contains(quality) else { return nil }
                    self.quality = quality
                default: continue
                }
            }
        }
    }

    /// Splits outside of quoted strings, without the blanks around each part.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == separator && !isQuoted {
                parts.append(trimmed(part[...]))
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(trimmed(part[...]))
        return parts
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(text[first...last])
    }
}
