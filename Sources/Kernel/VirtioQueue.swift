import CLinux
import SystemPackage

/// The driver's side of a split virtqueue with event index (virtio 1.2, section 2.7) and its
/// buffers, on memory that somebody else owns.
///
/// Every descriptor stands for one buffer of its own; there are no chains. What the device writes
/// is not believed: a buffer that it does not hold, or more bytes than a buffer has, is an error.
/// Safe: every offset comes of a number below ``entries``, and the owner of the memory outlives us.
@safe struct VirtioQueue: @unchecked Sendable {
  /// Its index within a queue pair of a NIC (virtio 1.2, section 5.1.2).
  enum Role: UInt32 {
    /// The device writes to the buffers.
    case receive = 0
    /// We do.
    case transmit = 1
  }

  /// A power of two, 1 … 32768.
  let entries: Int
  let bufferBytes: Int

  private let role: Role
  private let memory: UnsafeMutableRawPointer
  private var isHeld: [Bool]
  /// Buffers that the device holds.
  private(set) var held = 0
  /// The free-running indices: behind the last buffer offered, published, taken back, seen used.
  private var offered: UInt16 = 0
  private var published: UInt16 = 0
  private var taken: UInt16 = 0
  private var seen: UInt16 = 0

  /// A buffer that the device has given back.
  struct Used: Equatable {
    let buffer: Int
    /// Bytes that the device wrote.
    let bytes: Int
  }

  /// Begins with an empty ring, all buffers ours.
  ///
  /// - Parameter memory: ``byteCount(entries:buffer:)`` zero bytes, aligned to a page.
  init(
    entries: Int, bufferBytes: Int, _ role: Role, memory: UnsafeMutableRawBufferPointer
  ) {
    precondition((1...32_768).contains(entries) && entries.nonzeroBitCount == 1)
    precondition(memory.count >= Self.byteCount(entries: entries, buffer: bufferBytes))
    guard let start = memory.baseAddress else { preconditionFailure("a queue has memory") }
    self.entries = entries
    self.bufferBytes = bufferBytes
    self.role = role
    unsafe self.memory = start
    isHeld = Array(repeating: false, count: entries)
    for number in 0..<entries { describe(number, bytes: bufferBytes) }
  }

  // MARK: Layout

  /// Where the parts begin: descriptors at 0, the driver's area, the device's on a line of its own,
  /// the buffers on a page of theirs.
  static func availableOffset(entries: Int) -> Int { 16 * entries }
  static func usedOffset(entries: Int) -> Int { (18 * entries + 6 + 63) / 64 * 64 }
  private static func buffersOffset(entries: Int) -> Int {
    pages(usedOffset(entries: entries) + 8 * entries + 6)
  }

  /// Bytes of a ring and its buffers, in whole pages.
  static func byteCount(entries: Int, buffer: Int) -> Int {
    buffersOffset(entries: entries) + pages(entries * buffer)
  }

  private static func pages(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }

  private var available: UnsafeMutableRawPointer {
    unsafe memory + Self.availableOffset(entries: entries)
  }
  private var used: UnsafeMutableRawPointer { unsafe memory + Self.usedOffset(entries: entries) }

  /// The memory of a buffer. Touch it only while the device does not hold it.
  func buffer(_ number: Int) -> UnsafeMutableRawBufferPointer {
    precondition((0..<entries).contains(number))
    let offset = Self.buffersOffset(entries: entries) + number * bufferBytes
    return unsafe UnsafeMutableRawBufferPointer(start: memory + offset, count: bufferBytes)
  }

  /// The number of the slot that a free-running index means.
  private func slot(_ index: UInt16) -> Int { Int(index) & (entries - 1) }

  // MARK: To the device

  /// Gives the first bytes of a buffer to the device, which sees it after ``publish()``.
  mutating func offer(_ number: Int, bytes: Int) {
    describe(number, bytes: bytes)
    offer(number)
  }

  /// Gives a buffer to the device as it was offered last, all of it at first.
  mutating func offer(_ number: Int) {
    precondition(!isHeld[number], "the device holds the buffer already")
    isHeld[number] = true
    held += 1
    unsafe available.storeBytes(
      of: UInt16(number).littleEndian, toByteOffset: 4 + 2 * slot(offered), as: UInt16.self)
    offered &+= 1
  }

  /// Guest-physical addresses are our own.
  private func describe(_ number: Int, bytes: Int) {
    let buffer = unsafe buffer(number)
    precondition(bytes <= buffer.count)
    let address = UInt64(UInt(bitPattern: buffer.baseAddress))
    let flags = role == .receive ? UInt16(VRING_DESC_F_WRITE) : 0
    let descriptor = vring_desc(
      addr: address.littleEndian, len: UInt32(bytes).littleEndian, flags: flags.littleEndian,
      next: 0)
    unsafe memory.storeBytes(of: descriptor, toByteOffset: 16 * number, as: vring_desc.self)
  }

  /// Shows the device what was offered.
  ///
  /// - Returns: whether the device wants to be kicked.
  mutating func publish() -> Bool {
    guard offered != published else { return false }
    let before = published
    published = offered
    unsafe kvmtune_store_release_16(word(available, 2), published.littleEndian)
    kvmtune_full_barrier()
    let event = unsafe kvmtune_load_acquire_16(word(used, 4 + 8 * entries))
    return Self.isDue(UInt16(littleEndian: event), from: before, to: published)
  }

  // MARK: From the device

  /// Takes back the next buffer that the device has used, or nil. Throws `EPROTO`.
  mutating func take() throws(SystemCallError) -> Used? {
    if taken == seen {
      let now = usedIndex()
      guard now &- taken <= held else {
        throw Self.nonsense("\(now &- taken) buffers of \(held)")
      }
      if now == taken { return nil }
      seen = now
    }
    let entry = unsafe used.load(
      fromByteOffset: 4 + 8 * slot(taken), as: vring_used_elem.self)
    let (number, bytes) = (UInt32(littleEndian: entry.id), UInt32(littleEndian: entry.len))
    guard number < entries, isHeld[Int(number)] else {
      throw Self.nonsense("buffer \(number), which it does not hold")
    }
    let limit = role == .receive ? bufferBytes : 0
    guard bytes <= limit else { throw Self.nonsense("\(bytes) bytes where \(limit) fit") }
    isHeld[Int(number)] = false
    held -= 1
    taken &+= 1
    return Used(buffer: Int(number), bytes: Int(bytes))
  }

  /// Asks the device to call when it has used `count` more buffers than were taken back.
  ///
  /// - Parameter count: from 1 to ``entries``.
  /// - Returns: whether so many are there already, so that no call may come.
  func requestCall(after count: Int) -> Bool {
    let event = taken &+ UInt16(count - 1)
    unsafe kvmtune_store_release_16(word(available, 4 + 2 * entries), event.littleEndian)
    kvmtune_full_barrier()
    return usedIndex() &- taken >= count
  }

  private func usedIndex() -> UInt16 {
    UInt16(littleEndian: unsafe kvmtune_load_acquire_16(word(used, 2)))
  }

  /// Whether an index that went from `before` to `now` has passed the one that the other side
  /// waits for: the device's rule and ours (virtio 1.2, section 2.7.10.1).
  static func isDue(_ event: UInt16, from before: UInt16, to now: UInt16) -> Bool {
    now &- event &- 1 < now &- before
  }

  private func word(_ area: UnsafeMutableRawPointer, _ offset: Int) -> UnsafeMutablePointer<UInt16>
  {
    unsafe (area + offset).assumingMemoryBound(to: UInt16.self)
  }

  static func nonsense(_ what: String) -> SystemCallError {
    SystemCallError(
      "virtqueue", Errno(rawValue: EPROTO), on: "the device gives back \(what), a bug of its kernel"
    )
  }
}
