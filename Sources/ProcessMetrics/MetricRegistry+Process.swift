import Metrics

extension MetricRegistry {
    /// Adds the `process_*` families, named as the client libraries of Prometheus name them.
    package func registerProcess() throws(MetricDeclarationError) {
        try collectCounter("process_cpu_seconds_total", help: "User and system CPU time") {
            $0.append(ProcessStatistics().cpuSeconds)
        }
        try collectGauge("process_resident_memory_bytes", help: "Resident memory") {
            $0.append(Double(ProcessStatistics().residentBytes))
        }
        try collectGauge("process_virtual_memory_bytes", help: "Virtual memory") {
            $0.append(Double(ProcessStatistics().virtualBytes))
        }
        try collectGauge("process_open_fds", help: "Open file descriptors") {
            $0.append(Double(ProcessStatistics().openDescriptors))
        }
        try collectGauge("process_start_time_seconds", help: "Start of the process, since 1970") {
            $0.append(ProcessStatistics().startSeconds)
        }
    }
}
