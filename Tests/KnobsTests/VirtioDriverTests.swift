import Measurement
import Testing

@testable import Knobs

@Suite struct VirtioDriverTests {
  @Test func coalescingTakesTheDevicesConsent() throws {
    let machine = try RecordedMachine.virtio()
    let target = try machine.target(nic: "eth0")
    let path = "/sys/devices/pci0000:00/0000:00:03.0/virtio2/features"
    // Every odd bit, 53 among them.
    #expect(try VirtioDriver(of: target.receiver, on: target)?.coalescingObstacle == nil)
    for text in [String(repeating: "1", count: 53) + "01", "1", ""] {
      try machine.files.write(text, to: path)
      #expect(
        try VirtioDriver(of: target.receiver, on: target)?.coalescingObstacle
          == "the virtio device does not coalesce (no VIRTIO_NET_F_NOTF_COAL)")
    }
  }

  @Test func aDeviceOfAnotherBusShowsNoFeatures() throws {
    let machine = try RecordedMachine(["/sys/class/net/eth0/device/numa_node": "0\n"])
    let target = try machine.target(nic: "eth0")
    #expect(try VirtioDriver(of: target.receiver, on: target) == nil)
  }

  @Test func ringsArePowersOfTwoThatDoNotStall() {
    #expect(VirtioDriver.ringSizes(upTo: 256) == [32, 64, 128, 256])
    #expect(VirtioDriver.ringSizes(upTo: 32) == [32])
    #expect(VirtioDriver.ringSizes(upTo: 16) == [16])
  }
}
