/// The samples of a `/metrics` text, by their series: name and labels sorted by name, `name{a="b",le="1"}`. Exemplars are left out.
package struct MetricsText: Equatable, Sendable {
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package private(set) var samples: [String: Double] = [:]

    /// Throws for a line that is no sample, and for a series that comes twice.
    package init(_ text: String) throws {
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let (series, value) = try Self.parse(Substring(line))
            if samples.updateValue(value, forKey: series) != nil { throw Malformed(description: "twice: \(series)") }
        }
    }

    package subscript(_ series: String) -> Double? { samples[series] }

    /// The name of a series without its labels.
    package static func name(of series: String) -> Substring { series.prefix { $0 != "{" } }

    package static func series(_ name: String, _ labels: [(String, String)]) -> String {
        if labels.isEmpty { return name }
        return name + "{" + labels.sorted { $0.0 < $1.0 }.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",") + "}"
    }

    private static func parse(_ line: Substring) throws -> (String, Double) {
        var rest = line
        let name = rest.prefix { $0 != "{" && $0 != " " }
        rest = rest.dropFirst(name.count)
        var labels: [(String, String)] = []
        if rest.first == "{" {
            rest = rest.dropFirst()
            while let first = rest.first, first != "}" {
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count + 2)
                var value = ""
                while let character = rest.first, character != "\"" {
                    value.append(character)
                    rest = rest.dropFirst()
                    if character == "\\", let escaped = rest.first {
                        value.append(escaped)
                        rest = rest.dropFirst()
                    }
                }
                rest = rest.dropFirst()
                if rest.first == "," { rest = rest.dropFirst() }
                labels.append((String(label), value))
            }
            rest = rest.dropFirst()
        }
        let number = rest.drop { $0 == " " }.prefix { $0 != " " }
        guard !name.isEmpty, let value = Double(number == "+Inf" ? "inf" : number) else {
            throw Malformed(description: "no sample: \(line)")
        }
        return (series(String(name), labels), value)
    }
}
