import CLinux
import Glibc
import JSONScanning
import ProcessMetrics
import SystemIO

/// What `/debug/vars` tells.
struct ProcessVariables {
    private let queues: [(name: String, depth: Int)]

    init(queues: [(name: String, depth: Int)]) {
        self.queues = queues
    }

    /// Sizes are bytes, times seconds.
    var json: [UInt8] {
        let process = ProcessStatistics()
        let memory = mallinfo2()
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        let uptime = Double(SystemClock.wallNanoseconds()) / 1e9 - process.startSeconds
        var text = "{\"pid\":\(getpid()),\"uptime_seconds\":\(max(0, uptime)),\"cpu_seconds\":\(process.cpuSeconds)"
        text += ",\"memory\":{\"resident_bytes\":\(process.residentBytes),\"virtual_bytes\":\(process.virtualBytes)"
        text += ",\"heap_bytes\":\(memory.arena + memory.hblkhd),\"heap_used_bytes\":\(memory.uordblks + memory.hblkhd)}"
        text +=
            ",\"threads\":\(Self.threads),\"descriptors\":{\"open\":\(process.openDescriptors),\"limit\":\(limits.rlim_cur)},\"queues\":{"
        var bytes = Array(text.utf8)
        for (index, queue) in queues.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            var name = queue.name
            name.withUTF8 { _ = JSONStringEscaping.append(UnsafeRawBufferPointer($0), to: &bytes) }
            bytes += Array("\":\(queue.depth)".utf8)
        }
        return bytes + Array("}}\n".utf8)
    }

    private static var threads: Int { (try? Directory.entries(of: "/proc/self/task").count) ?? 0 }
}
