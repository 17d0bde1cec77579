import Testing

@testable import LogAgent

@Suite struct `Sources that are files` {
    @Test func `never take what the agent writes itself, however wide their patterns are`() throws {
        let settings = try load(
            """
            data_dir: "/srv/app/state [1]",
            sources: [{ name: "all", include: ["/srv/app/**/*", "/srv/app/out/*.gz"] }, { name: "in", type: "stdin" }],
            outputs: [{ name: "local", type: "directory", path: "/srv/app/out" }]
            """
        ).settings
        let all = LogAgentService(settings: settings, log: .silent).tailSources[0]
        for own in [
            "state [1]/capture/in/stdin/0000000001.log", "state [1]/dead-letter/loki.jsonl", "state [1]/spill/7",
            "state [1]/times/1-2-3-4-5.times", "out/0000000000000001.json.gz", "out/3.tmp", "out/index.jsonl",
        ] {
            #expect(!all.takes("/srv/app/" + own), "\(own)")
        }
        for others in ["app.log", "out/app.log", "out/app.json.gz", "state [1]/app.log", "capture/in.log"] {
            #expect(all.takes("/srv/app/" + others), "\(others)")
        }
    }

    @Test func `leave captured segments to the source that they come from`() throws {
        let settings = try load(
            """
            data_dir: "/srv/app/state",
            sources: [{ name: "all", include: "/srv/app/**/*.log" }, { name: "in", type: "stdin" }],
            """
        ).settings
        let taking = LogAgentService(settings: settings, log: .silent).tailSources.filter {
            $0.takes("/srv/app/state/capture/in/stdin/0000000001.log")
        }
        #expect(taking.map(\.name) == ["in"])
    }
}
