import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Frames in memory of our own, ready to be handed to the kernel many at a time.
///
/// In front of each frame stand ``TapDevice/headerBytes`` zero bytes: the virtio-net header of a
/// frame without offloads, so that one batch serves packet sockets and TAP queues alike.
/// Safe: the memory is allocated once, freed once, and every index is checked against it.
///
/// Public, since the compiler inlines nothing of a `package` type into other modules: a call for
/// each frame and another for its closure would cost as much as the work in it.
@safe public struct FrameBatch: ~Copyable, @unchecked Sendable {
  @usableFromInline package let capacity: Int
  /// Bytes of the largest frame, from the Ethernet header on, without the frame check sequence.
  package let frameBytes: Int
  /// Where the bytes of a frame are that change from use to use. All others are the same in all
  /// frames that reach so far, from the first use on.
  let changing: Range<Int>
  /// No other batch has it.
  let number: UInt64

  @usableFromInline package let memory: UnsafeMutableRawPointer
  @usableFromInline package let stride: Int
  /// Bytes of each frame.
  @usableFromInline package let lengths: UnsafeMutablePointer<Int>
  private let vectors: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutablePointer<kvmtune_mmsghdr>

  /// The most frames that one call of sendmmsg(2) takes: `UIO_MAXIOV`.
  package static let limit = 1024

  /// Makes `capacity` frames of one size, all zero. The capacity is 1 … ``limit``.
  package init(capacity: Int, frameBytes: Int) {
    self.init(capacity: capacity, sizes: [frameBytes])
  }

  /// Makes `capacity` frames, all zero, whose sizes follow each other again and again: 1 … ``limit``
  /// and all but one of the sizes. No call takes more than the limit.
  ///
  /// - Parameter changing: the bytes of a frame that may be changed once it was sent; all others are
  ///   then the same in every frame that reaches so far.
  package init(capacity: Int, sizes: [Int], changing: Range<Int> = 0..<Int.max) {
    precondition((1..<Self.limit + max(1, sizes.count)).contains(capacity))
    precondition(sizes.allSatisfy { $0 > 0 })
    let frameBytes = sizes.max() ?? 0
    self.capacity = capacity
    self.frameBytes = frameBytes
    self.changing = changing
    number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
    // One cache line in front, so that the frame itself begins on a line.
    stride = Self.headroom + (frameBytes + 63) / 64 * 64
    unsafe memory = .allocate(byteCount: capacity * stride, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: capacity * stride)
    unsafe lengths = .allocate(capacity: capacity)
    unsafe vectors = .allocate(capacity: capacity)
    unsafe messages = .allocate(capacity: capacity)
    for index in 0..<capacity {
      let start = unsafe memory + (index * stride + Self.headroom)
      let bytes = sizes[index % sizes.count]
      unsafe (lengths + index).initialize(to: bytes)
      unsafe (vectors + index).initialize(to: iovec(iov_base: start, iov_len: bytes))
      var message = unsafe kvmtune_mmsghdr()
      unsafe message.header.msg_iov = unsafe vectors + index
      unsafe message.header.msg_iovlen = 1
      unsafe (messages + index).initialize(to: message)
    }
  }

  deinit {
    unsafe messages.deallocate()
    unsafe vectors.deallocate()
    unsafe lengths.deallocate()
    unsafe memory.deallocate()
  }

  @usableFromInline static var headroom: Int { 64 }
  private static let made = Atomic<UInt64>(0)

  /// Gives `body` the bytes of one frame to change.
  @inlinable @inline(__always) package mutating func withFrame<Result>(
    _ index: Int, _ body: (inout MutableRawSpan) -> Result
  ) -> Result {
    precondition(index >= 0 && index < capacity)
    // Safe: the frame lies within the memory, and nobody else has it while we are `mutating`.
    var span = unsafe MutableRawSpan(
      _unsafeStart: memory + (index &* stride &+ Self.headroom), byteCount: lengths[index])
    return body(&span)
  }

  /// Where a frame is, for a call that sends it.
  func vector(_ index: Int) -> iovec {
    precondition(index >= 0 && index < capacity)
    return unsafe vectors[index]
  }

  /// One byte of a frame.
  func byte(at offset: Int, of index: Int) -> Int {
    precondition(index >= 0 && index < capacity && offset >= 0 && offset < frameBytes)
    return Int(
      unsafe memory.load(fromByteOffset: index * stride + Self.headroom + offset, as: UInt8.self))
  }

  /// Makes a frame as long as `bytes`, 1 … ``frameBytes``.
  package mutating func resize(_ index: Int, to bytes: Int) {
    precondition((0..<capacity).contains(index) && (1...frameBytes).contains(bytes))
    unsafe lengths[index] = bytes
    unsafe vectors[index].iov_len = bytes
  }

  /// Sends what a socket takes at once, with one sendmmsg(2).
  ///
  /// - Parameters:
  ///   - address: where to, if the socket is not connected.
  ///   - subject: what an error is about.
  /// - Throws: what a later try would not mend.
  func send(
    _ frames: Range<Int>, through socket: CInt, to address: sockaddr_in? = nil, on subject: String
  ) throws(SystemCallError) -> SendOutcome {
    precondition(frames.lowerBound >= 0 && frames.upperBound <= capacity)
    let count =
      if var address {
        // Safe: the address outlives the call, and no message points to it any more after it.
        unsafe withUnsafeMutablePointer(to: &address) {
          unsafe name(frames, UnsafeMutableRawPointer($0))
          defer { unsafe name(frames, nil) }
          return send(frames, through: socket)
        }
      } else {
        send(frames, through: socket)
      }
    if count >= 0 {
      return SendOutcome(accepted: Int(count), of: frames.count, through: socket)
    }
    switch Glibc.errno {
    case EAGAIN: return SendOutcome(accepted: 0, obstacle: .full)
    case ENOBUFS: return SendOutcome(accepted: 0, obstacle: .refused)
    case EINTR: return SendOutcome(accepted: 0)
    case let error: throw SystemCallError("sendmmsg", Errno(rawValue: error), on: subject)
    }
  }

  private func send(_ frames: Range<Int>, through socket: CInt) -> CInt {
    unsafe kvmtune_sendmmsg(
      socket, messages + frames.lowerBound, UInt32(frames.count), CInt(MSG_DONTWAIT))
  }

  private func name(_ frames: Range<Int>, _ address: UnsafeMutableRawPointer?) {
    for index in frames {
      unsafe messages[index].header.msg_name = unsafe address
      unsafe messages[index].header.msg_namelen =
        unsafe address == nil ? 0 : socklen_t(MemoryLayout<sockaddr_in>.size)
    }
  }

  /// Writes one frame, with its virtio-net header, to a TAP queue: write(2).
  func write(_ index: Int, to queue: CInt) -> Int {
    precondition(index >= 0 && index < capacity)
    let bytes = unsafe headed(index)
    return unsafe kvmtune_write(queue, bytes.baseAddress, bytes.count)
  }

  /// Copies what a frame has of the bytes in `range` to where they belong in memory that has room for
  /// the largest frame.
  @inline(__always) func copyFrame(
    _ index: Int, _ range: Range<Int>, to place: UnsafeMutableRawPointer
  ) {
    precondition(index >= 0 && index < capacity && range.lowerBound >= 0)
    let count = unsafe min(range.upperBound, lengths[index]) &- range.lowerBound
    if count <= 0 { return }
    let from = unsafe memory + (index &* stride &+ Self.headroom &+ range.lowerBound)
    let to = unsafe place + range.lowerBound
    // What changes of a frame is a few words: two halves that overlap take no call.
    switch count {
    case 16...32: unsafe Self.copyHalves(of: 16, count, from, to)
    case 33...64: unsafe Self.copyHalves(of: 32, count, from, to)
    default: unsafe to.copyMemory(from: from, byteCount: count)
    }
  }

  @inline(__always) private static func copyHalves(
    of half: Int, _ count: Int, _ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let rest = count &- half
    unsafe to.copyMemory(from: from, byteCount: half)
    unsafe (to + rest).copyMemory(from: from + rest, byteCount: half)
  }

  /// Bytes of one frame.
  @inlinable @inline(__always) package func bytes(of index: Int) -> Int {
    precondition(index >= 0 && index < capacity)
    return unsafe lengths[index]
  }

  /// One frame behind its virtio-net header.
  private func headed(_ index: Int) -> UnsafeRawBufferPointer {
    let start = unsafe memory + (index * stride + Self.headroom - TapDevice.headerBytes)
    return unsafe UnsafeRawBufferPointer(start: start, count: headedBytes(index))
  }

  /// Bytes of a frame and the virtio-net header in front of it.
  func headedBytes(_ index: Int) -> Int { unsafe TapDevice.headerBytes + lengths[index] }
}

/// What the kernel made of a batch.
package struct SendOutcome: Sendable, Hashable {
  /// Frames accepted, counted from the first of the batch.
  package var accepted: Int
  /// What stopped the rest; nil if the call took all, or if something else than a full buffer ended
  /// it early: the next call that begins with the same frame says what.
  package var obstacle: Obstacle?
  /// Times that the kernel put us off within the call, and went on.
  package var waits: Int

  package enum Obstacle: Sendable, Hashable {
    /// `EAGAIN`: the socket's send buffer is full, the frame is still ours.
    case full
    /// `ENOBUFS`: queueing discipline or device refused the frame and freed its copy.
    case refused
  }

  package init(accepted: Int, obstacle: Obstacle? = nil, waits: Int = 0) {
    self.accepted = accepted
    self.obstacle = obstacle
    self.waits = waits
  }

  /// What sendmmsg(2) has done that took some frames of `count`.
  ///
  /// When it stops between two frames it keeps the reason to itself. A buffer that was full then may
  /// have room again by the next call, and a frame that was refused may be taken, so that neither
  /// can be told from the other afterwards. But a full one is still nearly so now.
  init(accepted: Int, of count: Int, through socket: CInt) {
    let isFull = accepted < count && SocketMemory(of: socket)?.isNearlyFull ?? false
    self.init(accepted: accepted, obstacle: isFull ? .full : nil)
  }
}
