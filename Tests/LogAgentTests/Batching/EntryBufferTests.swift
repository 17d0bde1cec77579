import Testing

@testable import LogAgent

struct EntryBufferTests {
    @Test func `an entry begins with its time, all digits of it`() {
        var times: [UInt64] = [0, 1, 9_999_999_999_999_999, 1_700_000_000_123_456_789, .max, 9_223_372_036_854_775_807]
        var power: UInt64 = 1
        for _ in 0..<20 {
            times += [power - 1, power, power + 1, power &+ 1_020_304_050_607_080]
            power = power.multipliedReportingOverflow(by: 10).overflow ? power : power * 10
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            times.append(UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator))
        }
        var buffer = EntryBuffer(capacity: 1)
        for time in times {
            buffer.removeAll()
            buffer.appendEntryHead(timestamp: time)
            #expect(String(decoding: buffer.bytes, as: UTF8.self) == "[\"\(time)\",\"")
        }
    }

    @Test func `it grows by what is appended, and keeps what was there`() {
        var buffer = EntryBuffer(capacity: 1)
        var expected: [UInt8] = []
        for length in 0..<300 {
            let piece = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* length) }
            piece.withUnsafeBytes { buffer.append($0) }
            buffer.append(UInt8(ascii: ","))
            expected += piece + [UInt8(ascii: ",")]
        }
        #expect(Array(buffer.bytes) == expected)
    }
}
