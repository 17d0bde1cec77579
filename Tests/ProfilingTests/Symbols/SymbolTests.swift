import Foundation
import Glibc
import TestSupport
import Testing

@testable import Profiling

@Suite struct `Symbols` {
    @Test func `name the functions of libraries, and what no function holds by its place in the file`() throws {
        let handle = dlopen(nil, RTLD_NOW)
        let address = UInt(bitPattern: dlsym(handle, "deflate"))
        let mapping = try #require(CodeMapping.all().first { ($0.start..<$0.end).contains(address) })
        let table = SymbolTable([address + 4, 0x10])
        #expect(table[address + 4].name == "deflate" && table[0x10].name == "0x10")
        #expect(table.mappings.count == 1 && table.mappings[0].mapping == mapping && table.mappings[0].hasFunctions)
        // The first bytes of a mapping of code are of no function.
        let gap = SymbolTable([mapping.start])
        #expect(gap[mapping.start].name.contains("+0x") && !gap.mappings[0].hasFunctions)
    }

    @Test func `are demangled where they are Swift's`() {
        #expect(SwiftName.demangled("$s5OTLPs6SpanIDV5valueACs6UInt64V_tcfC") != "$s5OTLPs6SpanIDV5valueACs6UInt64V_tcfC")
        for name in ["deflate", "", "$", "_ZN3foo3barEv", "$snonsense"] { #expect(SwiftName.demangled(name) == name) }
    }

    @Test func `come from mappings with code`() {
        let text = """
            55d0c8a00000-55d0c8a21000 r--p 00000000 fd:01 131 /usr/bin/x y
            55d0c8a21000-55d0c8b00000 r-xp 00021000 fd:01 131                        /usr/bin/x y
            7ffd1c9f0000-7ffd1c9f2000 r-xp 00000000 00:00 0                          [vdso]
            7f0000000000-7f0000001000 rwxp 00000000 00:00 0
            nonsense
            zz-yy r-xp 0 0 0 path
            """
        #expect(
            CodeMapping.parse(text) == [
                CodeMapping(start: 0x55d0_c8a2_1000, end: 0x55d0_c8b0_0000, fileOffset: 0x21000, path: "/usr/bin/x y"),
                CodeMapping(start: 0x7ffd_1c9f_0000, end: 0x7ffd_1c9f_2000, fileOffset: 0, path: "[vdso]"),
            ])
    }

    /// A file under our feet may be anything.
    @Test func `of a broken file are none, and end nothing`() throws {
        let handle = dlopen(nil, RTLD_NOW)
        let address = UInt(bitPattern: dlsym(handle, "deflate"))
        let mapping = try #require(CodeMapping.all().first { ($0.start..<$0.end).contains(address) })
        let whole = Array(try #require(FileManager.default.contents(atPath: mapping.path)))
        let offset = address - mapping.start + mapping.fileOffset
        try withTemporaryDirectory { directory in
            let path = directory + "/broken"
            var generator = SystemRandomNumberGenerator()
            for round in 0..<150 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...8) {
                    // The headers at both ends, where most can go wrong.
                    let end = Bool.random() ? 0..<1024 : max(0, bytes.count - 2048)..<bytes.count
                    bytes[Int.random(in: end)] =
                        [0, 1, 0x7f, 0xff, UInt8.random(in: .min ... .max, using: &generator)].randomElement() ?? 0
                }
                if round.isMultiple(of: 3) { bytes.removeLast(Int.random(in: 0...bytes.count)) }
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                guard let image = ELFImage(path: path) else { continue }
                #expect(image.functionNames(atFileOffsets: [offset, 0, .max]).count == 3)
            }
            for path in ["/nowhere", directory] {
                if ELFImage(path: path) != nil { Issue.record("\(path)") }
            }
        }
    }
}
