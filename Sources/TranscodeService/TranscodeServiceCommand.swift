import SystemIO

/// The program: arguments → settings → service → exit code.
@main
enum TranscodeServiceCommand {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == SupervisedProcess.launchArgument { SupervisedProcess.launch(Array(arguments.dropFirst())) }
    }
}
