import Kernel
import Testing

@testable import Traffic

/// A window that has failed does not go on.
@Suite struct LaneTests {
  private enum Fault { case atTheBeginning, ofASender, ofAReceiver }

  private struct Failure: Error {}

  private final class Sending: SendingHalf {
    let ports: [UInt16] = []
    private let fault: Fault
    init(_ fault: Fault) { self.fault = fault }
    var hasFailed: Bool { fault == .ofASender }
    func begin() -> [UInt64] { [0] }
    func start(nanoseconds: UInt64) throws { if fault == .atTheBeginning { throw Failure() } }
    func finish() throws -> (SendingEnd, Findings) { throw Failure() }
    func park() {}
    func close() {}
  }

  private final class Receiving: ReceivingHalf {
    let ports: [UInt16] = []
    private let fault: Fault
    private(set) var looks = 0
    init(_ fault: Fault) { self.fault = fault }
    var hasFailed: Bool { fault == .ofAReceiver }
    func start(at first: [UInt64], patience: UInt64) {}
    func finish(_ end: SendingEnd) -> Findings { Findings() }
    func waitOn(patience: UInt64) -> Findings { Findings() }
    var deliveredSoFar: UInt64? {
      looks += 1
      return 0
    }
    func park() {}
    func close() {}
  }

  @Test(arguments: [
    (Fault.atTheBeginning, 0), (.ofASender, 1), (.ofAReceiver, 1),
  ]) private func nobodyLooksOn(_ fault: Fault, looks: Int) {
    let receiving = Receiving(fault)
    let load = LaneLoad([Lane(Sending(fault), receiving, threads: 1, isBack: false)])
    #expect(throws: Failure.self) { try load.run(nanoseconds: 1_000_000_000) }
    // The first look is the one that the parts of the window are held against.
    #expect(receiving.looks == looks)
  }

  @Test func aWorkerTellsThatItFailed() throws {
    let cpu = try #require(try CPUSet.allowed().members.first)
    let worker = try Worker("failing", on: cpu, 0)
    defer { worker.stop() }
    worker.start { _ in throw Failure() }
    #expect(throws: Failure.self) { try worker.finish() }
    #expect(worker.hasFailed)
    worker.start { $0 += 1 }
    _ = try worker.finish()
    #expect(!worker.hasFailed)
  }
}
