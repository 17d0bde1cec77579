import Delivery
import Testing

@testable import OTLP

struct ProtobufTests {
    private func written(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    @Test func `the examples of the encoding guide come out as they stand there`() {
        #expect(written { $0.unsigned(1, 150) } == [0x08, 0x96, 0x01])
        #expect(written { $0.string(2, "testing") } == [0x12, 0x07] + Array("testing".utf8))
        #expect(written { $0.message(3) { $0.unsigned(1, 150) } } == [0x1a, 0x03, 0x08, 0x96, 0x01])
        #expect(written { $0.signed(1, -2) } == [0x08, 0xfe] + [UInt8](repeating: 0xff, count: 8) + [0x01])
        #expect(written { $0.fixed64(1, 1) } == [0x09, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(written { $0.fixed32(16, 0x0403_0201) } == [0x85, 0x01, 1, 2, 3, 4])
        #expect(written { $0.double(1, 1) } == [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
    }

    @Test(arguments: [0, 1, 126, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152])
    func `a message within a message has its exact length, whatever that is`(count: Int) throws {
        let content = [UInt8](repeating: 7, count: count)
        let bytes = written { outer in
            outer.unsigned(1, 1)
            outer.message(2) { middle in
                middle.message(3) { $0.data(4, content) }
                middle.unsigned(5, 5)
            }
            outer.unsigned(6, 6)
        }
        var outer = ProtobufReader(bytes)
        #expect(try outer.next() == .init(number: 1, value: .varint(1)))
        guard case .data(let second) = try outer.next()?.value else { throw ProtobufError.badField(at: 0) }
        #expect(try outer.next() == .init(number: 6, value: .varint(6)))
        #expect(try outer.next() == nil)
        var middle = ProtobufReader(second)
        guard case .data(let third) = try middle.next()?.value else { throw ProtobufError.badField(at: 0) }
        #expect(try middle.next() == .init(number: 5, value: .varint(5)))
        var inner = ProtobufReader(third)
        #expect(try inner.next() == .init(number: 4, value: .data(content[...])))
        #expect(try inner.next() == nil)
    }

    @Test func `what was written is read again, whatever it is`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var writer = ProtobufWriter()
            var expected: [ProtobufReader.Field] = []
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                let number = Int.random(in: 1..<(1 << Int.random(in: 1...29, using: &random)), using: &random)
                let value = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    writer.unsigned(number, value)
                    expected.append(.init(number: number, value: .varint(value)))
                case 1:
                    writer.fixed64(number, value)
                    expected.append(.init(number: number, value: .fixed64(value)))
                case 2:
                    writer.fixed32(number, UInt32(truncatingIfNeeded: value))
                    expected.append(.init(number: number, value: .fixed32(UInt32(truncatingIfNeeded: value))))
                default:
                    let data = (0..<Int.random(in: 0..<300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    writer.data(number, data)
                    expected.append(.init(number: number, value: .data(data[...])))
                }
            }
            var reader = ProtobufReader(writer.bytes)
            var found: [ProtobufReader.Field] = []
            while let field = try reader.next() { found.append(field) }
            #expect(found == expected)
        }
    }

    @Test(
        arguments: [
            ([0x08], .endsEarly(at: 0)), ([0x08, 0x80], .endsEarly(at: 0)), ([0x08, 1, 0x09, 1, 2], .endsEarly(at: 2)),
            ([0x0d, 1, 2, 3], .endsEarly(at: 0)), ([0x12, 5, 1, 2], .endsEarly(at: 0)),
            ([0x12] + [UInt8](repeating: 0xff, count: 9) + [0x01], .endsEarly(at: 0)),
            ([0x08] + [UInt8](repeating: 0xff, count: 9) + [0x02], .varintTooLong(at: 0)),
            ([0x08] + [UInt8](repeating: 0x80, count: 11), .varintTooLong(at: 0)), ([0x00, 1], .badField(at: 0)),
            ([0x0b], .badField(at: 0)), ([0x0e], .badField(at: 0)),
        ] as [([UInt8], ProtobufError)])
    func `what is no message is refused where it goes wrong`(bytes: [UInt8], error: ProtobufError) {
        #expect(throws: error) {
            var reader = ProtobufReader(bytes)
            while try reader.next() != nil {}
        }
    }

    @Test func `random bytes never trap`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            var reader = ProtobufReader(bytes)
            while (try? reader.next()) ?? nil != nil {}
            _ = ExportAnswer.partialSuccess(bytes)
            _ = ExportAnswer.statusMessage(bytes)
        }
    }
}
