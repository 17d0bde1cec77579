/// What the program runs with when it is given no configuration: the defaults of every part, and the embedded output.
enum EmbeddedConfiguration {
    static let name = "(built-in configuration)"

    static let text = """
        data_dir: "${TAILSPAN_DATA:-/var/lib/tailspan}/trace-collector",
        server: { listen: "${TAILSPAN_LISTEN:-127.0.0.1:9145}" },
        receivers: { otlp_http: { listen: "${TAILSPAN_OTLP_LISTEN:-127.0.0.1:4318}" } },
        outputs: [
          { name: "local", type: "directory", path: "${TAILSPAN_DATA:-/var/lib/tailspan}/traces", retention: "24h", max_bytes: "1GiB" },
        ],
        """
}
