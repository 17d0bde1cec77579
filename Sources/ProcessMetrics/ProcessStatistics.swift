import Glibc
import SystemIO

/// What the kernel says of this process, for the `process_*` metrics.
package struct ProcessStatistics {
    /// User and system time, in seconds.
    package let cpuSeconds: Double
    package let residentBytes: UInt64
    package let virtualBytes: UInt64
    package let openDescriptors: Int
    /// Since 1970.
    package let startSeconds: Double

    package init() {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        let pages = Self.words("/proc/self/statm").compactMap { UInt64($0) }
        let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        virtualBytes = pages.count > 0 ? pages[0] * pageBytes : 0
        residentBytes = pages.count > 1 ? pages[1] * pageBytes : 0
        openDescriptors = (try? Directory.entries(of: "/proc/self/fd").count) ?? 0
        startSeconds = Self.startSeconds
    }

    /// The 22nd field of `stat` counts clock ticks since the machine started; the name before it may hold blanks.
    private static let startSeconds: Double = {
        let words = Self.words("/proc/self/stat")
        guard let nameEnd = words.lastIndex(where: { $0.hasSuffix(")") }), words.count > nameEnd + 20,
            let ticks = Double(words[nameEnd + 20])
        else { return 0 }
        var now = timespec()
        var sinceBoot = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
        let boot = Double(now.tv_sec - sinceBoot.tv_sec)
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static func words(_ path: String) -> [Substring] {
        guard let file = try? FileDescriptor(opening: path) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = bytes.withUnsafeMutableBytes { (try? file.read(into: $0, at: 0)) ?? 0 }
        return String(decoding: bytes[..<count], as: UTF8.self).split { $0 == " " || $0 == "\n" }
    }
}
