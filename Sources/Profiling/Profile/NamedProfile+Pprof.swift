import Gzip
import OTLP

extension NamedProfile {
    /// As `go tool pprof` reads it: `profile.proto` (github.com/google/pprof), in gzip. Values are samples and nanoseconds of CPU time.
    package var pprof: [UInt8] {
        var compressed: [UInt8] = []
        let message = pprofMessage
        GzipEncoder(level: GzipLevel(6)).compress(message.span.bytes, into: &compressed)
        return compressed
    }

    var pprofMessage: [UInt8] {
        var strings = StringTable()
        var writer = ProtobufWriter()
        // Profile.sample_type, of which each sample has a value
        for (type, unit) in [("samples", "count"), ("cpu", "nanoseconds")] { writer.valueType(1, type, unit, &strings) }

        let addresses = Set(stacks.flatMap(\.addresses)).sorted()
        let locations = Dictionary(uniqueKeysWithValues: addresses.enumerated().map { ($0.element, UInt64($0.offset + 1)) })
        // Profile.sample
        for (stack, count) in stacks {
            writer.message(2) { sample in
                for address in stack { sample.unsigned(1, locations[address] ?? 0) }
                sample.unsigned(2, UInt64(count))
                sample.unsigned(2, UInt64(count) * profile.periodNanoseconds)
            }
        }
        // Profile.mapping
        for (index, entry) in symbols.mappings.enumerated() {
            writer.message(3) { mapping in
                mapping.unsigned(1, UInt64(index + 1))
                mapping.unsigned(2, UInt64(entry.mapping.start))
                mapping.unsigned(3, UInt64(entry.mapping.end))
                mapping.unsigned(4, UInt64(entry.mapping.fileOffset))
                mapping.unsigned(5, strings.index(of: entry.mapping.path))
                mapping.unsigned(6, strings.index(of: entry.buildID))
                // Without it, pprof looks for the file and names what it can.
                if entry.hasFunctions { mapping.unsigned(7, 1) }
            }
        }
        // Profile.location, and a function for each different name
        var functions: [String: UInt64] = [:]
        var names: [SymbolTable.Symbol] = []
        for address in addresses {
            let symbol = symbols[address]
            let function = functions[symbol.linkName] ?? UInt64(names.count + 1)
            if function > names.count {
                functions[symbol.linkName] = function
                names.append(symbol)
            }
            writer.message(4) { location in
                location.unsigned(1, locations[address] ?? 0)
                if let mapping = symbol.mapping { location.unsigned(2, UInt64(mapping + 1)) }
                location.unsigned(3, UInt64(address))
                // Location.line
                location.message(4) { $0.unsigned(1, function) }
            }
        }
        // Profile.function
        for (index, symbol) in names.enumerated() {
            writer.message(5) { function in
                function.unsigned(1, UInt64(index + 1))
                function.unsigned(2, strings.index(of: symbol.name))
                function.unsigned(3, strings.index(of: symbol.linkName))
            }
        }
        // time_nanos, duration_nanos, period_type, period
        writer.unsigned(9, profile.startUnixNano)
        writer.unsigned(10, profile.durationNanoseconds)
        writer.valueType(11, "cpu", "nanoseconds", &strings)
        writer.unsigned(12, profile.periodNanoseconds)
        if profile.dropped > 0 { writer.unsigned(13, strings.index(of: "\(profile.dropped) samples were dropped")) }
        // Profile.string_table
        for string in strings.all { writer.string(6, string) }
        return writer.bytes
    }
}

/// Texts by number; the first is empty.
private struct StringTable {
    private(set) var all = [""]
    private var indexes: [String: UInt64] = ["": 0]

    mutating func index(of text: String) -> UInt64 {
        if let index = indexes[text] { return index }
        let index = UInt64(all.count)
        all.append(text)
        indexes[text] = index
        return index
    }
}

extension ProtobufWriter {
    fileprivate mutating func valueType(_ field: Int, _ type: String, _ unit: String, _ strings: inout StringTable) {
        let (type, unit) = (strings.index(of: type), strings.index(of: unit))
        message(field) { message in
            message.unsigned(1, type)
            message.unsigned(2, unit)
        }
    }
}
