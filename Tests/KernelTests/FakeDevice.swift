@testable import Kernel

/// The device's side of a virtqueue, written after the specification and not after ours: it may
/// behave, or not.
@safe final class FakeDevice {
  let memory: UnsafeMutableRawBufferPointer
  private let entries: Int
  private(set) var taken: UInt16 = 0
  private(set) var used: UInt16 = 0

  /// A buffer as a descriptor says it is.
  struct Buffer: Equatable {
    let number: Int
    let address: UInt64
    let bytes: Int
    let isWritable: Bool
  }

  init(entries: Int, buffer: Int) {
    self.entries = entries
    unsafe memory = .allocate(
      byteCount: VirtioQueue.byteCount(entries: entries, buffer: buffer), alignment: 4096)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    wantsKick(at: 0)
  }

  deinit { unsafe memory.deallocate() }

  private var driverArea: Int { 16 * entries }
  private var deviceArea: Int { (18 * entries + 6 + 63) / 64 * 64 }

  private func word(_ offset: Int) -> UInt16 {
    unsafe memory.load(fromByteOffset: offset, as: UInt16.self)
  }
  private func set(_ offset: Int, _ value: UInt16) {
    unsafe memory.storeBytes(of: value, toByteOffset: offset, as: UInt16.self)
  }

  /// `avail_event`: to be kicked when the buffer with this index is offered.
  func wantsKick(at index: UInt16) { set(deviceArea + 4 + 8 * entries, index) }

  /// `used_event`: the driver wants a call when the buffer with this index is used.
  var callIndex: UInt16 { word(driverArea + 4 + 2 * entries) }

  /// Takes the next buffer that the driver offers, or nil.
  func take() -> Buffer? {
    guard word(driverArea + 2) != taken else { return nil }
    let number = Int(word(driverArea + 4 + 2 * (Int(taken) % entries)))
    taken &+= 1
    let at = 16 * number
    return unsafe Buffer(
      number: number, address: memory.load(fromByteOffset: at, as: UInt64.self),
      bytes: Int(memory.load(fromByteOffset: at + 8, as: UInt32.self)),
      isWritable: memory.load(fromByteOffset: at + 12, as: UInt16.self) & 2 != 0)
  }

  /// Gives a buffer back, or something that looks like one.
  func giveBack(_ number: Int, bytes: Int = 0) {
    let at = deviceArea + 4 + 8 * (Int(used) % entries)
    unsafe memory.storeBytes(of: UInt32(number), toByteOffset: at, as: UInt32.self)
    unsafe memory.storeBytes(of: UInt32(bytes), toByteOffset: at + 4, as: UInt32.self)
    claimUsed(used &+ 1)
  }

  /// Sets the index behind the last used buffer, true or not.
  func claimUsed(_ index: UInt16) {
    used = index
    set(deviceArea + 2, index)
  }

  /// Receives a frame for the driver: writes header and bytes to the next buffers, and gives them
  /// back at once.
  ///
  /// - Parameter buffers: what the header says instead of the number of buffers.
  func deliver(_ frame: [UInt8], buffers claimed: Int? = nil) {
    var rest = [UInt8](repeating: 0, count: 12) + frame
    var filled: [(Buffer, [UInt8])] = []
    while !rest.isEmpty, let buffer = take() {
      filled.append((buffer, Array(rest.prefix(buffer.bytes))))
      rest.removeFirst(min(rest.count, buffer.bytes))
    }
    let count = claimed ?? filled.count
    filled[0].1.replaceSubrange(10..<12, with: [UInt8(count & 255), UInt8(count >> 8)])
    for (buffer, bytes) in filled {
      unsafe UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: UInt(buffer.address)), count: buffer.bytes
      ).copyBytes(from: bytes)
      giveBack(buffer.number, bytes: bytes.count)
    }
  }

  /// Sends the next frame of the driver: its bytes behind twelve of the header.
  func send() -> [UInt8]? {
    guard let buffer = take() else { return nil }
    let bytes = unsafe Array(
      UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(buffer.address)), count: buffer.bytes))
    giveBack(buffer.number)
    return bytes
  }
}

/// The same numbers in every run: a linear congruential generator (Knuth, MMIX).
struct FixedGenerator: RandomNumberGenerator {
  private var state: UInt64 = 1
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 32
  }
}
