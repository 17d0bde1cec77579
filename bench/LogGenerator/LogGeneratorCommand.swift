import Glibc
import SystemIO

@main
enum LogGeneratorCommand {
    static func main() {
        do {
            let options = try GeneratorOptions(arguments: Array(CommandLine.arguments.dropFirst()))
            var run = try GeneratorRun(options)
            try run.generate()
            try run.report()
        } catch let error as UsageError {
            complain(error.message)
            exit(2)
        } catch {
            complain("log-generator: \(error)")
            exit(1)
        }
    }

    private static func complain(_ message: String) {
        let bytes = Array((message + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
