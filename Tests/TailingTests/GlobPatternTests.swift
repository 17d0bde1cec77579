import Tailing
import Testing

struct GlobPatternTests {
    @Test(arguments: [
        ("/logs/*.log", "/logs/app.log", true),
        ("/logs/*.log", "/logs/app.txt", false),
        ("/logs/*.log", "/logs/sub/app.log", false),
        ("/logs/*.log", "/logs/.hidden.log", false),
        ("/logs//*.log", "/logs/app.log", true),
        ("/logs/**/*.log", "/logs/app.log", true),
        ("/logs/**/*.log", "/logs/a/b/c/app.log", true),
        ("/logs/**", "/logs/a/b", true),
        ("/logs/{nginx,redis}/*.log", "/logs/redis/a.log", true),
        ("/logs/{nginx,redis}/*.log", "/logs/mysql/a.log", false),
        ("/logs/{a{1,2},b}.log", "/logs/a2.log", true),
        ("/logs/app[0-9].log", "/logs/app7.log", true),
        ("/logs/app[!0-9].log", "/logs/app7.log", false),
        ("/logs/a?.log", "/logs/ab.log", true),
        ("/logs/{open", "/logs/{open", true),
        ("/var/log/pods/*/*/*.log", "/var/log/pods/ns_pod_uid/main/0.log", true),
    ])
    func `a pattern matches whole paths`(pattern: String, path: String, matches: Bool) {
        #expect(GlobPattern(pattern).matches(path) == matches)
    }

    @Test func `a pattern without a slash is compared with the name`() {
        #expect(GlobPattern("*.gz").matchesName(ofPath: "/a/b/c.gz"))
        #expect(!GlobPattern("*.gz").matchesName(ofPath: "/a/b.gz/c"))
        #expect(GlobPattern("/a/*.gz").matchesName(ofPath: "/a/c.gz"))
    }

    @Test func `a search starts at the directories without wildcards`() {
        #expect(GlobPattern("/logs/{a,b}/x-*/*.log").baseDirectories == ["/logs/a", "/logs/b"])
        #expect(GlobPattern("/*.log").baseDirectories == ["/"])
        #expect(GlobPattern("/logs/app.log").baseDirectories == ["/logs"])
    }

    @Test func `only directories that can hold a match are entered`() {
        let pattern = GlobPattern("/logs/x-*/*.log")
        #expect(pattern.mayMatch(below: "/logs"))
        #expect(pattern.mayMatch(below: "/logs/x-1"))
        #expect(!pattern.mayMatch(below: "/logs/y"))
        #expect(!pattern.mayMatch(below: "/logs/x-1/deeper"))
        #expect(GlobPattern("/logs/**/*.log").mayMatch(below: "/logs/any/depth"))
    }
}
