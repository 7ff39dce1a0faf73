import Foundation
import Kernel
import TestSupport
import Testing

@testable import Lab

@Suite struct LibvirtInterfaceTests {
  private static func text(
    _ model: GuestInterface.Model, _ attachment: GuestInterface.Attachment, _ source: String,
    _ change: (inout GuestInterface) -> Void = { _ in }
  ) -> String {
    var interface = GuestInterface(model: model, attachment: attachment)
    change(&interface)
    let address = MACAddress("52:54:00:6b:00:00") ?? .zero
    return LibvirtInterface(interface, address: address, source: source).text
  }

  static let cases: [(text: String, expected: String)] = [
    (
      text(.virtio, .bridge, "br0"),
      """
      <interface type='bridge'>
        <mac address='52:54:00:6b:00:00'/>
        <source bridge='br0'/>
        <model type='virtio'/>
        <driver name='qemu'/>
      </interface>
      """
    ),
    (
      text(.virtio, .bridge, "br0") {
        $0.vhost = true
        $0.queues = 4
        $0.vectors = 10
        $0.receiveQueueSize = 1024
        $0.transmitQueueSize = 256
        $0.eventIndex = false
        $0.packed = true
        $0.mergeableBuffers = false
        $0.hostMTU = 9000
      },
      """
      <interface type='bridge'>
        <mac address='52:54:00:6b:00:00'/>
        <source bridge='br0'/>
        <model type='virtio'/>
        <driver name='vhost' queues='4' rx_queue_size='1024' tx_queue_size='256' \
      event_idx='off' packed='on'>
          <host mrg_rxbuf='off'/>
        </driver>
        <mtu size='9000'/>
      </interface>
      """
    ),
    (
      text(.e1000e, .nat, "default"),
      """
      <interface type='network'>
        <mac address='52:54:00:6b:00:00'/>
        <source network='default'/>
        <model type='e1000e'/>
      </interface>
      """
    ),
    (
      text(.igb, .macvtap, "eno1"),
      """
      <interface type='direct'>
        <mac address='52:54:00:6b:00:00'/>
        <source dev='eno1' mode='bridge'/>
        <model type='igb'/>
      </interface>
      """
    ),
    (
      text(.rtl8139, .user, "nothing"),
      """
      <interface type='user'>
        <mac address='52:54:00:6b:00:00'/>
        <model type='rtl8139'/>
      </interface>
      """
    ),
    (
      text(.vmxnet3, .bridge, "a'/><\"&"),
      """
      <interface type='bridge'>
        <mac address='52:54:00:6b:00:00'/>
        <source bridge='a&apos;/&gt;&lt;&quot;&amp;'/>
        <model type='vmxnet3'/>
      </interface>
      """
    ),
  ]

  @Test(arguments: cases) func isLibvirtsOwnText(_ text: String, _ expected: String) {
    #expect(text == expected)
  }

  /// Debian's package libvirt0 has the schema.
  private static let schema = "/usr/share/libvirt/schemas/domain.rng"

  @Test(
    .enabled(
      if: Tier.isRequired("lab")
        || HostFiles.live.exists(schema) && Program.tool("xmllint") != nil,
      "needs libvirt0 and libxml2-utils: 'sudo make test' installs them"),
    arguments: cases)
  func libvirtsSchemaTakesIt(_ text: String, _: String) throws {
    // A bridge's name with apostrophes is XML, but no name that the schema takes.
    let isName = !text.contains("&quot;")
    let domain = """
      <domain type='kvm'>
        <name>guest</name><memory>1</memory><os><type>hvm</type></os>
        <devices>\(text)</devices>
      </domain>
      """
    let folder = try TemporaryFolder()
    let file = try folder.file("domain.xml", domain)
    let ended = try #require(Program.tool("xmllint")).run(
      isName ? ["--noout", "--relaxng", Self.schema, file] : ["--noout", file])
    #expect(ended.status == 0, "\(ended.errors)")
  }
}
