import CommandLineInterface
import Configuration
import ConnectionSettings
import FoundationEssentials
import Glibc
import HTTP
import SystemIO

/// `log-agent top`: a live table of a running agent.
enum TopCommand {
    private struct Failure: Error { var reason: String }

    static func run(_ request: TopRequest, terminal: Terminal, environment: @escaping @Sendable (String) -> String?) -> ExitCode {
        do throws(Failure) {
            let agent = try Agent(request, environment)
            let first = try agent.look()
            guard !request.once, let screen = RawTerminal.take() else {
                usleep(UInt32(request.intervalNanoseconds / 1000))
                let second = try agent.look()
                terminal.output(WatchTable(terminal: terminal).text(second, previous: first, address: agent.address))
                return .success
            }
            watch(agent, first, screen, request, terminal)
            return .success
        } catch {
            terminal.error("log-agent top: \(error.reason)\n")
            return .failure
        }
    }

    /// Until a key says stop. An agent that goes away is waited for.
    private static func watch(
        _ agent: Agent, _ first: WatchTable.Look, _ screen: borrowing RawTerminal, _ request: TopRequest, _ terminal: Terminal
    ) {
        var (current, previous): (WatchTable.Look, WatchTable.Look?) = (first, nil)
        var problem: String?
        var due = SystemClock.monotonicNanoseconds() + request.intervalNanoseconds
        while true {
            let size = screen.size
            let table = WatchTable(terminal: terminal, columns: size.columns, rows: size.rows)
            screen.show(table.text(current, previous: previous, address: agent.address, error: problem))
            let now = SystemClock.monotonicNanoseconds()
            switch screen.wait(milliseconds: Int32(clamping: due > now ? (due - now) / 1_000_000 + 1 : 0)) {
            case .quit: return
            case .redraw: continue
            case .timeout: break
            }
            due = SystemClock.monotonicNanoseconds() + request.intervalNanoseconds
            do throws(Failure) {
                let look = try agent.look()
                (previous, current, problem) = (current, look, nil)
            } catch {
                problem = error.reason
            }
        }
    }

    /// The admin address of a running agent.
    private final class Agent {
        let address: String
        private let client: HTTPClient
        private let headers: HTTPHeaders

        init(_ request: TopRequest, _ environment: @escaping @Sendable (String) -> String?) throws(Failure) {
            var listen = request.address
            var token = try request.tokenFile.map(Self.token)
            if listen == nil || (token == nil && request.configuration != nil) {
                let settings: LogAgentSettings
                do throws(ConfigurationError) {
                    settings = try LogAgentSettings.load(request.configuration, environment: environment).settings
                } catch {
                    throw Failure(reason: "the configuration can't be read, so its address is not known: \(error)")
                }
                listen = listen ?? settings.server.listen
                token = token ?? settings.server.bearerToken?.value
            }
            let place = listen ?? ServerSettings.defaultListen
            address = place
            let isURL = place.hasPrefix("unix:") || place.contains("://")
            do {
                client = try HTTPClient(endpoint: HTTPEndpoint(url: isURL ? place : "http://\(Self.reachable(place))"))
            } catch {
                throw Failure(reason: "\(error)")
            }
            headers = token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        }

        /// An agent that listens on every address is asked on this machine's own.
        private static func reachable(_ listen: String) -> String {
            for any in ["0.0.0.0:", "[::]:"] where listen.hasPrefix(any) { return "127.0.0.1:" + listen.dropFirst(any.count) }
            return listen
        }

        private static func token(_ path: String) throws(Failure) -> String {
            do throws(SmallFileError) {
                let bytes = try SmallFile.read(path, maximumBytes: 64 << 10)
                return String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
            } catch {
                throw Failure(reason: "the token can't be read: \(error)")
            }
        }

        func look() throws(Failure) -> WatchTable.Look {
            let response: HTTPResponse
            do throws(HTTPClientError) {
                response = try client.send(
                    method: .get, target: "/api/v1/status", headers: headers, timeoutNanoseconds: 5_000_000_000)
            } catch {
                throw Failure(reason: "no agent answers: \(error)")
            }
            guard response.status == 200 else {
                throw Failure(
                    reason: response.status == 401
                        ? "\(address) wants a token: name its file with --token-file, or the configuration with --config"
                        : "\(address) answered \(response.status): is it a log-agent?")
            }
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            guard let status = try? decoder.decode(StatusReport.self, from: Data(response.body)) else {
                throw Failure(reason: "\(address) answers, but not as log-agent \(Release.version) does: is it of another version?")
            }
            return WatchTable.Look(status: status, nanoseconds: SystemClock.monotonicNanoseconds())
        }
    }
}
