@main enum LokiSinkServer { static func main() {} }
