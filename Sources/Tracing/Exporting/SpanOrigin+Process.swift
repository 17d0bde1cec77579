import FoundationEssentials
import Glibc
import OTLP

extension SpanOrigin {
    /// This process, by the semantic conventions for resources. `service.instance.id` is new with each start.
    package static func process(serviceName: String, serviceVersion: String) -> SpanOrigin {
        SpanOrigin(
            resource: [
                "service.name": .string(serviceName), "service.version": .string(serviceVersion),
                "service.instance.id": .string(UUID().uuidString.lowercased()), "host.name": .string(hostName),
                "process.pid": .integer(getpid()), "process.executable.name": .string(executableName),
                "process.runtime.name": "swift", "telemetry.sdk.name": "tailspan", "telemetry.sdk.language": "swift",
                "telemetry.sdk.version": .string(serviceVersion),
            ], scopeName: serviceName, scopeVersion: serviceVersion, schemaURL: "https://opentelemetry.io/schemas/1.37.0")
    }

    private static var hostName: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "localhost" }
        return withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static var executableName: String {
        let path = CommandLine.arguments.first ?? ""
        return path.split(separator: "/").last.map(String.init) ?? path
    }
}
