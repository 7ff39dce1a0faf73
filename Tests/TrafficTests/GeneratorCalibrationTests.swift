import Testing

@testable import Traffic

/// Which senders can be measured alone.
@Suite struct GeneratorCalibrationTests {
  private static let placement = Placement(senders: [0], receivers: [1])

  private static func calibration(
    _ datapath: Datapath, _ direction: Direction, _ placement: Placement = placement
  ) -> GeneratorCalibration? {
    GeneratorCalibration(
      of: Workload(
        name: "w", datapath: datapath, kind: .flood, direction: direction, transmit: .calls),
      frameBytes: 60, placement: placement)
  }

  @Test(arguments: [Datapath.packet, .udp, .xdp])
  func theWayBackIsSentWhereTheWayThereIsReceived(_ datapath: Datapath) throws {
    let back = try #require(Self.calibration(datapath, .toSender))
    let turned = Placement(senders: [1], receivers: [0])
    #expect(back == Self.calibration(datapath, .toReceiver, turned))
    #expect(back != Self.calibration(datapath, .toReceiver))
  }

  @Test(arguments: [Datapath.tap, .macvtap, .vhost])
  func aGuestSendsByOtherMachinery(_ datapath: Datapath) {
    #expect(Self.calibration(datapath, .toReceiver) != nil)
    #expect(Self.calibration(datapath, .toSender) == nil)
  }

  @Test(arguments: Datapath.allCases)
  func sendersThatShareTheirCPUsWithReceiversAreNotAlone(_ datapath: Datapath) {
    #expect(Self.calibration(datapath, .both) == nil)
  }
}
