import Foundation
import TestSupport
import Testing

@testable import Delivery
@testable import TraceCollector

struct DerivedStateTests {
    private let state = DerivedState(position: LogPosition(segment: 7, offset: 1234), values: Array("some values".utf8))

    @Test func `what was saved is loaded`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/metrics.state"
            #expect(try DerivedState.load(path) == .none)
            try state.save(path)
            #expect(try DerivedState.load(path) == .state(state))
        }
    }

    @Test func `every change of a byte, and every missing byte, is damage`() throws {
        let bytes = state.encoded
        #expect(DerivedState(bytes) == state)
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 0x20
            #expect(DerivedState(changed) == nil)
            #expect(DerivedState(Array(bytes[..<position])) == nil)
        }
        #expect(DerivedState(bytes + [0]) == nil)
    }

    @Test func `a damaged file is told apart from none`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/metrics.state"
            try Data(state.encoded.dropLast()).write(to: URL(filePath: path))
            #expect(try DerivedState.load(path) == .damaged)
        }
    }
}
