// swift-tools-version: 6.2
import PackageDescription

/// One set of flags for every target of ours.
let settings: [SwiftSetting] = [
    // A warning that stands is a warning nobody reads.
    .treatAllWarnings(as: .error)
]

/// Of `EscapeShuffling` and `CRCFolding` alone: see there.
#if arch(x86_64)
    let byteShuffles: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-mssse3", "-Xcc", "-mpopcnt"])]
    let carrylessMultiplication: [SwiftSetting] = [.unsafeFlags(["-parse-stdlib", "-Xcc", "-mpclmul"])]
#else
    let byteShuffles: [SwiftSetting] = []
    let carrylessMultiplication: [SwiftSetting] = []
#endif

let package = Package(
    name: "tailspan",
    products: [
        .executable(name: "log-agent", targets: ["LogAgent"]),
        .executable(name: "transcode-service", targets: ["TranscodeService"]),
        .executable(name: "trace-collector", targets: ["TraceCollector"]),
        .executable(name: "log-generator", targets: ["LogGenerator"]),
        .executable(name: "loki-sink", targets: ["LokiSinkServer"]),
        .executable(name: "log-compressor", targets: ["LogCompressor"]),
        .executable(name: "job-claimer", targets: ["JobClaimer"]),
    ],
    targets: [
        // C libraries: module maps only.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // Shared modules; imports point from later to earlier ones.
        .target(name: "SystemIO", dependencies: ["CLinux"], swiftSettings: settings),
        .target(name: "EscapeShuffling", swiftSettings: settings + byteShuffles),
        .target(name: "JSONScanning", dependencies: ["EscapeShuffling", "CLinux"], swiftSettings: settings),
        .target(name: "CRCFolding", swiftSettings: settings + carrylessMultiplication),
        .target(name: "Gzip", dependencies: ["CRCFolding", "CZlib"], swiftSettings: settings),
        .target(name: "Metrics", swiftSettings: settings),
        .target(name: "Configuration", dependencies: ["SystemIO"], swiftSettings: settings),
        .target(name: "StructuredLogging", dependencies: ["SystemIO", "JSONScanning"], swiftSettings: settings),
        .target(name: "ProcessMetrics", dependencies: ["SystemIO", "Metrics"], swiftSettings: settings),
        .target(name: "CommandLineInterface", dependencies: ["Configuration", "StructuredLogging"], swiftSettings: settings),
        .target(name: "HTTP", dependencies: ["SystemIO", "Gzip", "COpenSSL", "CLinux"], swiftSettings: settings),
        .target(name: "ConnectionSettings", dependencies: ["SystemIO", "Configuration", "HTTP"], swiftSettings: settings),
        .target(name: "OTLP", dependencies: ["JSONScanning"], swiftSettings: settings),
        .target(name: "Delivery", dependencies: ["SystemIO", "Gzip", "HTTP"], swiftSettings: settings),
        .target(name: "Tracing", dependencies: ["SystemIO", "Gzip", "HTTP", "OTLP", "Delivery", "CLinux"], swiftSettings: settings),
        .target(name: "PostgreSQL", dependencies: ["SystemIO", "CPostgres"], swiftSettings: settings),
        .target(name: "JobStore", dependencies: ["SystemIO", "PostgreSQL", "COpenSSL", "CZlib"], swiftSettings: settings),
        .target(
            name: "Profiling", dependencies: ["SystemIO", "JSONScanning", "ProcessMetrics", "Gzip", "HTTP", "OTLP", "CLinux"],
            swiftSettings: settings),
        .target(name: "Tailing", dependencies: ["SystemIO", "Gzip", "CLinux"], swiftSettings: settings),

        // Programs.
        .executableTarget(
            name: "LogAgent",
            dependencies: [
                "CommandLineInterface", "ConnectionSettings", "ProcessMetrics", "SystemIO", "JSONScanning", "Gzip", "Metrics",
                "Configuration", "StructuredLogging", "HTTP", "OTLP", "Tailing",
                "Delivery", "COpenSSL",
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "TranscodeService",
            dependencies: [
                "CommandLineInterface", "ProcessMetrics", "SystemIO", "JSONScanning", "Metrics", "Configuration", "StructuredLogging",
                "HTTP", "OTLP", "Tracing", "JobStore", "PostgreSQL", "Profiling", "COpenSSL", "CLinux",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "TraceCollector",
            dependencies: [
                "CommandLineInterface", "ConnectionSettings", "ProcessMetrics", "SystemIO", "JSONScanning", "Gzip", "Metrics",
                "Configuration", "StructuredLogging", "HTTP", "OTLP", "Tailing", "Delivery", "CLinux",
            ],
            swiftSettings: settings),

        // What script/bench, demo and soak run beside the programs.
        .executableTarget(name: "LogGenerator", dependencies: ["SystemIO"], path: "bench/LogGenerator", swiftSettings: settings),
        .executableTarget(
            name: "LokiSinkServer", dependencies: ["SystemIO", "HTTP"], path: "bench/LokiSinkServer", swiftSettings: settings),
        .executableTarget(
            name: "LogCompressor", dependencies: ["Gzip", "SystemIO"], path: "bench/LogCompressor", swiftSettings: settings),
        .executableTarget(
            name: "JobClaimer", dependencies: ["JobStore", "PostgreSQL", "SystemIO"], path: "bench/JobClaimer", swiftSettings: settings),

        // Tests mirror the sources.
        .target(
            name: "TestSupport", dependencies: ["SystemIO", "HTTP", "Gzip", "OTLP"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .testTarget(name: "SystemIOTests", dependencies: ["SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "JSONScanningTests", dependencies: ["JSONScanning", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "GzipTests", dependencies: ["Gzip", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "StructuredLoggingTests", dependencies: ["StructuredLogging", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "CommandLineInterfaceTests", dependencies: ["CommandLineInterface", "Configuration", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "ProcessMetricsTests", dependencies: ["ProcessMetrics", "Metrics", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Gzip", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "OTLPTests", dependencies: ["OTLP", "Delivery", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TracingTests", dependencies: ["Tracing", "OTLP", "HTTP", "Gzip", "Delivery", "SystemIO", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "PostgreSQLTests", dependencies: ["PostgreSQL", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "JobStoreTests", dependencies: ["JobStore", "PostgreSQL", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "ProfilingTests", dependencies: ["Profiling", "HTTP", "OTLP", "Gzip", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TranscodeServiceTests",
            dependencies: [
                "TranscodeService", "JobStore", "PostgreSQL", "OTLP", "Tracing", "StructuredLogging", "HTTP", "Metrics", "SystemIO",
                "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TraceCollectorTests",
            dependencies: [
                "TraceCollector", "CommandLineInterface", "ConnectionSettings", "Configuration", "StructuredLogging", "OTLP", "HTTP",
                "Gzip",
                "Metrics", "Delivery", "Tailing", "SystemIO", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(name: "TailingTests", dependencies: ["Tailing", "Gzip", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "DeliveryTests", dependencies: ["Delivery", "SystemIO", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "LogAgentTests",
            dependencies: [
                "LogAgent", "CommandLineInterface", "ConnectionSettings", "Delivery", "Gzip", "HTTP", "Metrics", "OTLP",
                "StructuredLogging", "SystemIO",
                "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(name: "IntegrationTests", dependencies: ["Gzip", "TestSupport"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

if Context.environment["TAILSPAN_FUZZ"] != nil {
    // script/fuzz compiles these, and links them with libFuzzer, which has the only `main`.
    package.products = []
    let programs = ["LogAgent", "TraceCollector"]
    let dependencies = programs.map { name in package.targets.first { $0.name == name }?.dependencies ?? [] }
    package.targets.removeAll { programs.contains($0.name) || $0.type == .test }
    package.targets += zip(programs, dependencies).map { name, dependencies in
        .target(name: name, dependencies: dependencies, exclude: ["\(name)Command.swift"], swiftSettings: settings)
    }
    package.targets.append(
        .target(
            name: "Fuzz",
            dependencies: ["LogAgent", "TraceCollector", "JSONScanning", "Gzip", "Configuration", "HTTP", "OTLP", "SystemIO", "Tailing"],
            path: "Fuzz", exclude: ["corpora"], swiftSettings: settings))
}

if let names = Context.environment["TAILSPAN_ONLY"] {
    // TAILSPAN_ONLY=TranscodeService swift build --build-tests: what these targets need, and the tests of all that, nothing else.
    var wanted = Set(names.split(separator: ",").map { String($0) })
    for target in package.targets.reversed() where wanted.contains(target.name) {
        for case .byNameItem(let name, _) in target.dependencies { wanted.insert(name) }
    }
    wanted.formUnion([
        "TestSupport", "SystemIO", "JSONScanning", "HTTP", "CRCFolding", "EscapeShuffling", "Gzip", "OTLP", "Delivery", "CLinux", "CZlib",
        "COpenSSL",
    ])
    package.targets.removeAll { target in
        !wanted.contains(target.name) && !(target.type == .test && wanted.contains(String(target.name.dropLast("Tests".count))))
    }
    // Tests of a wanted target that need an unwanted one.
    package.targets.removeAll { target in
        target.dependencies.contains { if case .byNameItem(let name, _) = $0 { !wanted.contains(name) } else { false } }
    }
    package.products.removeAll { product in (product as? Product.Executable)?.targets.contains { !wanted.contains($0) } == true }
}
