import Configuration

extension StdoutSettings {
    init(reading object: ConfigurationObject) {
        format = object["format"]?.choice() ?? .json
        object.misplaced("in_flight", "lines are written one batch at a time")
        object.misplaced("path", "it is a setting of outputs of type \"directory\"")
        object.misplacedLokiSettings()
    }
}

extension ConfigurationObject {
    /// Tells settings that only outputs of type "loki" have.
    func misplacedLokiSettings() {
        for key in [
            "url", "tenant_id", "basic_auth", "bearer_token_file", "headers", "encoding", "compression", "streams_per_push", "tls", "proxy",
        ] {
            misplaced(key, "it is a setting of outputs of type \"loki\"")
        }
    }
}
