/// The program: arguments → settings → service → exit code.
@main
enum TranscodeServiceCommand {
    static func main() {}
}
