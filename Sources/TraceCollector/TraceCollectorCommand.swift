/// The program: arguments → settings → service → exit code.
@main
enum TraceCollectorCommand {
    static func main() {}
}
