import Testing

@testable import LogAgent

struct ContainerPathTests {
    private let id = String(repeating: "0123456789abcdef", count: 4)

    @Test func `a kubelet's path tells namespace, pod, uid, container and restart`() {
        for path in [
            "/var/log/pods/kube-system_dns-7d_1b2c-3d/dns/3.log", "/host/pods/kube-system_dns-7d_1b2c-3d/dns/3.log.20240501-120000",
        ] {
            let container = ContainerPath(path)
            #expect(container.namespace == "kube-system" && container.pod == "dns-7d" && container.podUID == "1b2c-3d")
            #expect(container.container == "dns" && container.restart == "3" && container.containerID == nil)
        }
    }

    @Test func `a link for a container tells pod, namespace, container and its id`() {
        let container = ContainerPath("/var/log/containers/dns-7d_kube-system_side-car-\(id).log")
        #expect(container.namespace == "kube-system" && container.pod == "dns-7d" && container.container == "side-car")
        #expect(container.containerID == id && container.restart == nil && container.podUID == nil)
    }

    @Test func `Docker's path tells the id`() {
        let container = ContainerPath("/var/lib/docker/containers/\(id)/\(id)-json.log.1")
        #expect(container.containerID == id && container.container == nil)
    }

    @Test(arguments: [
        "", "/", "/a.log", "/var/log/pods/a_b/c/0.log", "/var/log/pods/a_b_c/d/x.log", "/var/log/pods/a__c/d/0.log",
        "/var/log/containers/a_b_c-123.log", "/var/lib/docker/containers/1/1-json.log", "/var/log/app_of_mine.log", "/x/.log",
    ])
    func `other paths tell nothing`(path: String) {
        #expect(ContainerPath(path) == ContainerPath(""))
    }
}
