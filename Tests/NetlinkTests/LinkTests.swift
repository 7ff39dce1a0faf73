import CLinux
import Kernel
import Testing

@testable import Netlink

@Suite struct LinkTests {
  @Test func capturedLinkIsRead() throws {
    let link = try Link(decoding: Capture.link)
    #expect(link.index == 4)
    #expect(link.name == "va")
    #expect(link.kind == "veth")
    #expect(link.mtu == 9000)
    #expect(link.minimumMTU == 68)
    #expect(link.maximumMTU == 65535)
    #expect(link.transmitQueueLength == 77)
    #expect(link.transmitQueues == 4)
    #expect(link.receiveQueues == 3)
    #expect(link.isUp)
    #expect(link.hasCarrier)
    #expect(link.master == 2)
    #expect(link.lower == 3)
    #expect(link.lowerNamespace == nil)
    #expect(link.address == MACAddress("02:00:5e:10:00:01"))
    #expect(link.permanentAddress == nil)
    #expect(link.qdisc == "noqueue")
    #expect(link.operationalState == .up)
    #expect(link.isReady)
  }

  /// A link of which the kernel knows the carrier, but has not yet acted on it, is not ready.
  @Test(arguments: [
    (true, true, "mq", UInt8(6), true), (true, true, "noqueue", 0, true),
    (true, true, "mq", 2, false), (true, true, "noop", 6, false),
    (true, false, "mq", 6, false), (false, true, "mq", 6, false),
  ])
  func ready(isUp: Bool, carrier: Bool, qdisc: String, state: UInt8, isReady: Bool) throws {
    var header = [UInt8](repeating: 0, count: 16)
    header[8] = isUp ? 1 : 0
    var builder = MessageBuilder(header)
    builder.attribute(IFLA_IFNAME, "x")
    builder.attribute(IFLA_CARRIER, carrier ? UInt8(1) : 0)
    builder.attribute(IFLA_QDISC, qdisc)
    builder.attribute(IFLA_OPERSTATE, state)
    #expect(try Link(decoding: builder.bytes).isReady == isReady)
  }

  @Test func statisticsAreReadInTheKernelsOrder() throws {
    let statistics = try Link(decoding: Capture.link).statistics
    let base: UInt64 = 1 << 32
    #expect(statistics.receivedPackets == base + 1)
    #expect(statistics.transmittedPackets == base + 2)
    #expect(statistics.receivedBytes == base + 3)
    #expect(statistics.transmittedBytes == base + 4)
    #expect(statistics.receiveErrors == base + 5)
    #expect(statistics.transmitErrors == base + 6)
    #expect(statistics.receiveDropped == base + 7)
    #expect(statistics.transmitDropped == base + 8)
    #expect(statistics.receiveOverflowed == base + 15)
    #expect(statistics.receiveMissed == base + 16)
  }

  @Test func bareLinkHasDefaults() throws {
    var builder = MessageBuilder([UInt8](repeating: 0, count: 16))
    builder.attribute(3, "x")
    let link = try Link(decoding: builder.bytes)
    #expect(link.kind == "" && link.master == nil && link.address == nil && !link.hasCarrier)
    #expect(throws: MalformedMessage.self) {
      try Link(decoding: [UInt8](repeating: 0, count: 16))
    }
  }

  @Test func noMangledLinkCrashes() {
    var generator = SplitMix(state: 11)
    var read = 0
    for _ in 0..<5_000 {
      let count = UInt64(Capture.link.count)
      var bytes = Array(Capture.link.prefix(Int(generator.next() % (count + 1))))
      for _ in 0..<generator.next() % 8 where !bytes.isEmpty {
        let place = Int(generator.next() % UInt64(bytes.count))
        bytes[place] = UInt8(truncatingIfNeeded: generator.next())
      }
      if (try? Link(decoding: bytes)) != nil { read += 1 }
    }
    #expect((1..<5_000).contains(read))
  }

  @Test func everyTruncationInsideAnAttributeThrows() {
    #expect(throws: MalformedMessage.self) { try Link(decoding: Array(Capture.link.prefix(15))) }
    #expect(throws: MalformedMessage.self) { try Link(decoding: Array(Capture.link.prefix(22))) }
  }
}

@Suite struct RouteTests {
  @Test func capturedMultipathDefaultIsRead() throws {
    let route = try RouteEntry(decoding: Capture.multipathDefault)
    #expect(route.isDefault)
    #expect(route.outputs == [2, 3])
  }

  @Test func nextHopsThatLieThrow() {
    // The lengths of the two next hops are at 24 and 40.
    for (place, value) in [(24, 0xFF), (24, 0), (40, 0x40), (40, 7)] as [(Int, UInt8)] {
      var bytes = Capture.multipathDefault
      bytes[place] = value
      #expect(throws: MalformedMessage.self, "byte \(place) is \(value)") {
        try RouteEntry(decoding: bytes)
      }
    }
  }

  @Test func noTruncationCrashes() {
    for length in 0..<12 {
      #expect(throws: MalformedMessage.self) {
        try RouteEntry(decoding: Array(Capture.multipathDefault.prefix(length)))
      }
    }
  }

  @Test func addressesAreRead() {
    #expect(IPAddress("198.18.0.1")?.octets == [198, 18, 0, 1])
    #expect(IPAddress("::1")?.octets == [UInt8](repeating: 0, count: 15) + [1])
    for text in ["", "198.18.0", "198.18.0.256", "fe80::1%lo", "1.2.3.4/8", "host"] {
      #expect(IPAddress(text) == nil)
    }
  }
}
