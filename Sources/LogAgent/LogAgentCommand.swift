@main
enum LogAgentCommand {
    static func main() {}
}
