import Glibc

/// The pages of program code that are in memory.
package enum ResidentCode {
    /// Lets go of all code pages of this process: those that are used again come back from the page cache, in microseconds, and those
    /// that only the start needed stay away. Half of a small idle program's resident memory is such code.
    ///
    /// Only mappings that are executable and not writable are touched: their pages are never changed, so none is lost.
    package static func release() {
        guard let maps = try? FileDescriptor(opening: "/proc/self/maps") else { return }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while let count = try? buffer.withUnsafeMutableBytes({ try maps.read(into: $0) }), count > 0 { text += buffer[..<count] }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            // `7f12…-7f34… r-xp 00001000 fe:00 1234  /usr/bin/log-agent`
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count >= 6, words[1] == "r-xp", words[5].hasPrefix("/") else { continue }
            let ends = words[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: ends[0]), Int(ends[1] - ends[0]), MADV_DONTNEED)
        }
    }
}
