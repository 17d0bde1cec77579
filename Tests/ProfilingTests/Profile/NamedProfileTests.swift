import Gzip
import OTLP
import Testing

@testable import Profiling

@Suite struct `A profile with names` {
    /// Addresses that belong to no file, so that their names are themselves; of callers, one less.
    private var profile: NamedProfile {
        var profile = CPUProfile()
        profile.startUnixNano = 5
        profile.durationNanoseconds = 6
        profile.periodNanoseconds = 10
        profile.samples = [.init(addresses: [0x10, 0x21, 0x31]): 3, .init(addresses: [0x11, 0x21, 0x31]): 7, .init(addresses: [0x10]): 1]
        profile.dropped = 2
        return NamedProfile(profile)
    }

    @Test func `is folded from the outermost frame to the leaf, the most frequent first`() {
        #expect(profile.folded == "0x30;0x20;0x11 7\n0x30;0x20;0x10 3\n0x10 1\n")
        #expect(NamedProfile(CPUProfile()).folded == "")
    }

    /// What pprof refuses: ids of 0 or twice, locations of functions that are not there, other numbers of values than types.
    @Test func `is a whole profile message`() throws {
        let message = try GzipDecoder.decompress(profile.pprof, maximumBytes: 1 << 20)
        #expect(message == profile.pprofMessage)
        let fields = try read(message)
        let strings = fields.compactMap { $0.number == 6 ? $0.data.map { String(decoding: $0, as: UTF8.self) } : nil }
        #expect(strings.first == "" && Set(strings).count == strings.count)
        func text(_ index: UInt64?) -> String? { index.map { strings[Int($0)] } }

        let types = try fields.filter { $0.number == 1 }.map { try read($0.data ?? []) }
        #expect(types.map { text($0.first { $0.number == 1 }?.number64) } == ["samples", "cpu"])
        #expect(types.map { text($0.first { $0.number == 2 }?.number64) } == ["count", "nanoseconds"])

        var functions: [UInt64: String] = [:]
        for function in try fields.filter({ $0.number == 5 }).map({ try read($0.data ?? []) }) {
            let id = try #require(function.first { $0.number == 1 }?.number64)
            #expect(id > 0 && functions[id] == nil)
            functions[id] = text(function.first { $0.number == 2 }?.number64)
        }
        var locations: [UInt64: String] = [:]
        for location in try fields.filter({ $0.number == 4 }).map({ try read($0.data ?? []) }) {
            let id = try #require(location.first { $0.number == 1 }?.number64)
            let line = try read(try #require(location.first { $0.number == 4 }?.data))
            #expect(id > 0 && locations[id] == nil)
            locations[id] = functions[try #require(line.first { $0.number == 1 }?.number64)]
        }
        let samples = try fields.filter { $0.number == 2 }.map { try read($0.data ?? []) }.map { sample in
            (
                frames: sample.compactMap { $0.number == 1 ? locations[$0.number64 ?? 0] : nil },
                values: sample.compactMap { $0.number == 2 ? $0.number64 : nil }
            )
        }
        #expect(samples.map(\.frames) == [["0x11", "0x20", "0x30"], ["0x10", "0x20", "0x30"], ["0x10"]])
        #expect(samples.map(\.values) == [[7, 70], [3, 30], [1, 10]])
        #expect(fields.first { $0.number == 9 }?.number64 == 5 && fields.first { $0.number == 10 }?.number64 == 6)
        #expect(fields.first { $0.number == 12 }?.number64 == 10)
        #expect(text(fields.first { $0.number == 13 }?.number64) == "2 samples were dropped")
    }

    private struct Field {
        var number: Int
        var number64: UInt64?
        var data: [UInt8]?
    }

    private func read(_ bytes: [UInt8]) throws -> [Field] {
        var reader = ProtobufReader(bytes)
        var fields: [Field] = []
        while let field = try reader.next() {
            switch field.value {
            case .varint(let number): fields.append(Field(number: field.number, number64: number))
            case .data(let data): fields.append(Field(number: field.number, data: Array(data)))
            default: Issue.record("field \(field.number)")
            }
        }
        return fields
    }
}
