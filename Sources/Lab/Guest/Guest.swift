import Foundation
package import Kernel
import Synchronization
import SystemPackage

/// A QEMU guest that runs, with kvmtune's agent as its only program.
///
/// Nothing of it outlives this process: the kernel kills QEMU with the thread of its namespace,
/// and the guest has no disk. The guest is not trusted: whatever it sends, ``call(_:within:)``
/// ends in time with an answer or an error. Use it from any thread; calls take turns.
package final class Guest: Sendable {
  package let definition: GuestDefinition
  package let accelerator: Accelerator
  /// Seconds from the start of QEMU to the first word of the agent.
  package let bootSeconds: Double
  /// The file that holds what the guest and QEMU printed, at most 64 MiB.
  package let console: String

  private let process: ChildProcess
  private let state: Mutex<State>

  /// The agent's first message, without being asked.
  package struct Greeting: Codable, Sendable, Hashable {
    package var `protocol`: Int
    package var version: String

    package init(version: String) {
      self.protocol = Self.current
      self.version = version
    }

    /// Version of the messages that agent and host exchange.
    package static let current = 2
  }

  private struct State: ~Copyable {
    let stream: MessageStream
    var number: UInt64 = 0
    /// Why nothing can be asked any more.
    var failure: GuestError?
    var ending: ChildProcess.Ending?
  }

  /// The QEMU of this host, nil if it is not installed.
  package static var program: String? { ProgramRun.find("qemu-system-x86_64") }

  /// Bytes that the console may have: a guest must not fill the host's disk.
  private static let consoleLimit = 64 << 20

  /// Starts a guest and waits for its agent.
  ///
  /// - Parameters:
  ///   - program: QEMU.
  ///   - namespace: where QEMU runs; it ends with it.
  ///   - console: the file to write, made anew.
  ///   - seconds: for each start; nil for 30 on KVM and 120 in emulation.
  /// - Throws: ``GuestError``, `GuestObjection` for a definition that cannot be; nothing runs then.
  package static func boot(
    _ definition: GuestDefinition, backends: [InterfaceBackend], on program: String? = program,
    in namespace: NetworkNamespace, image: GuestImage, accelerator: Accelerator, console: String,
    within seconds: Double? = nil
  ) throws -> Guest {
    for _ in 1..<mostStarts {
      do {
        return try start(
          definition, backends, on: program, in: namespace, image, accelerator, console,
          seconds ?? (accelerator == .kvm ? nil : impatience))
      } catch let error as GuestError where accelerator != .kvm && error.isChanceOfBoot {
        continue
      }
    }
    return try start(
      definition, backends, on: program, in: namespace, image, accelerator, console, seconds)
  }

  private static let mostStarts = 3
  /// Seconds that a start in emulation has before another is made; the last one has longer. A guest
  /// that does come up is there in a tenth of that, unless the host has much else to do.
  private static let impatience = 60.0

  private static func start(
    _ definition: GuestDefinition, _ backends: [InterfaceBackend], on program: String?,
    in namespace: NetworkNamespace, _ image: GuestImage, _ accelerator: Accelerator,
    _ console: String, _ seconds: Double?
  ) throws -> Guest {
    guard let program else {
      throw GuestError.unavailable(
        "QEMU is not installed; 'apt-get install qemu-system-x86', or 'make guest-packages'")
    }
    for tool in ["setpriv", "prlimit"] where ProgramRun.find(tool) == nil {
      throw GuestError.unavailable("\(tool) is not installed; it is in the package util-linux")
    }
    let started = MonotonicTime.now()
    let log = try OwnedDescriptor(opening: console, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
    let nothing = try OwnedDescriptor(opening: "/dev/null", O_RDONLY)
    let link = try StreamPair()
    let command = QEMUCommand(
      definition, accelerator: accelerator.name, kernel: image.bootImage.path,
      initramfs: image.initramfs.path, agent: link.far.rawValue, backends: backends,
      parameters: ["rdinit=\(GuestImage.program)", "--", GuestImage.agentCommand])
    // The kernel ends QEMU when the thread that started it, the namespace's, is gone.
    let wrapped =
      ["--fsize=\(consoleLimit)", "setpriv", "--pdeathsig", "KILL", "--", program]
      + command.arguments
    let inherited =
      [
        link.far.rawValue, image.bootImage.descriptor.rawValue,
        image.initramfs.descriptor.rawValue,
      ] + backends.flatMap(\.descriptors)
    let streams = ChildProcess.Streams(
      input: nothing.rawValue, output: log.rawValue, errors: log.rawValue)
    let process = try namespace.run {
      try ChildProcess(
        running: ProgramRun.find("prlimit") ?? "prlimit", named: "prlimit", wrapped,
        environment: ["PATH": ProgramRun.path, "LC_ALL": "C"], streams: streams,
        inheriting: inherited)
    }
    let stream: MessageStream
    do {
      stream = try MessageStream(adopting: link.nearEnd())
    } catch {
      process.send(.kill)
      throw error
    }
    let limit = seconds ?? (accelerator == .kvm ? 30 : 120)
    return try Guest(
      definition, accelerator, process: process, stream: stream, console: console,
      started: started, within: limit)
  }

  /// Nanoseconds between two looks at the console of a guest that boots.
  private static let glance: UInt64 = 1_000_000_000
  /// Nanoseconds that it may say nothing after it told of a timer that did not go off: a host that
  /// was merely busy gets on.
  private static let stallPatience: UInt64 = 5_000_000_000

  /// Waits for the greeting.
  private init(
    _ definition: GuestDefinition, _ accelerator: Accelerator, process: ChildProcess,
    stream: consuming MessageStream, console: String, started: MonotonicTime,
    within seconds: Double
  ) throws {
    self.definition = definition
    self.accelerator = accelerator
    self.process = process
    self.console = console
    let limit = started + UInt64(seconds * 1e9)
    var failure: GuestError?
    do throws(MessageStream.Failure) {
      var stalledSince: MonotonicTime?
      while !stream.hasInput(by: min(limit, MonotonicTime.now() + Self.glance)) {
        let now = MonotonicTime.now()
        stalledSince = ConsoleTail(of: console).isStalled ? stalledSince ?? now : nil
        let isLost = stalledSince.map { now - $0 > Self.stallPatience } ?? false
        guard now < limit, !isLost else { throw .late }
      }
      let greeting = try stream.receive(by: limit)
      failure = Self.objection(to: greeting, console: console)
    } catch {
      failure = Self.diagnose(
        error == .late ? .silent(seconds: Int(seconds), console: console) : nil, error, process,
        console: console)
    }
    bootSeconds = Double(MonotonicTime.now() - started) / 1e9
    state = Mutex(State(stream: stream, failure: failure))
    if let failure {
      close()
      throw failure
    }
  }

  deinit { close() }

  /// Asks the agent something and waits for the answer.
  ///
  /// - Throws: ``GuestError`` if there is none in time: the guest is ended then, and every later
  ///   call throws the same.
  package func call(_ body: [UInt8], within seconds: Double) throws(GuestError) -> [UInt8] {
    let result: Result<[UInt8], GuestError> = state.withLock { state in
      if let failure = state.failure { return .failure(failure) }
      state.number += 1
      let limit = MonotonicTime.now() + UInt64(seconds * 1e9)
      do throws(MessageStream.Failure) {
        try state.stream.send(
          MessageStream.Message(number: state.number, body: body), by: limit)
        let answer = try state.stream.receive(by: limit)
        guard answer.number == state.number else {
          throw .malformed("an answer to another question")
        }
        return .success(answer.body)
      } catch {
        let failure = Self.diagnose(nil, error, process, console: console)
        state.failure = failure
        Self.end(process, &state)
        return .failure(failure)
      }
    }
    return try result.get()
  }

  /// Whether it runs and has answered so far.
  package var isUsable: Bool {
    state.withLock { state in
      guard state.failure == nil else { return false }
      if state.ending == nil, let ending = try? process.poll() {
        state.ending = ending
        state.failure = .ended("\(ending)", console: console)
      }
      return state.failure == nil
    }
  }

  /// CPU nanoseconds of all of QEMU's threads so far; nil if it has ended.
  package func cpuTime() -> UInt64? { MonotonicTime.processCPU(process.id) }

  /// The number of the QEMU process.
  package var processID: Int32 { process.id }

  /// Ends the guest at once; it has nothing to save. Calling it again does nothing.
  package func close() { give(up: "it was closed") }

  /// Removes the console's file.
  package func forgetConsole() { try? FileManager.default.removeItem(atPath: console) }

  /// Ends a guest whose answers make no sense.
  ///
  /// - Returns: the error that every later call throws.
  @discardableResult
  package func give(up words: String) -> GuestError {
    state.withLock { state in
      let failure = state.failure ?? .lost(words, console: console)
      state.failure = failure
      Self.end(process, &state)
      return failure
    }
  }

  private static func end(_ process: ChildProcess, _ state: inout State) {
    guard state.ending == nil else { return }
    process.send(.kill)
    state.ending = try? process.wait(within: 10).0
  }

  private static func objection(to message: MessageStream.Message, console: String) -> GuestError? {
    guard let greeting = try? JSONDecoder().decode(Greeting.self, from: Data(message.body)) else {
      return .lost("it greets with something else than an agent does", console: console)
    }
    guard greeting.protocol == Greeting.current else {
      return .lost(
        "its agent speaks version \(greeting.protocol) of the protocol, we \(Greeting.current)",
        console: console)
    }
    return nil
  }

  /// What lies behind a failed message: the kernel's panic, QEMU's end, a timer that stopped, or what
  /// it looks like.
  private static func diagnose(
    _ guess: GuestError?, _ failure: MessageStream.Failure, _ process: ChildProcess,
    console: String
  ) -> GuestError {
    // QEMU closes the stream a moment before it can be waited for, and prints before that.
    if failure == .ended { (MonotonicTime.now() + 200_000_000).sleepUntil() }
    let tail = ConsoleTail(of: console)
    if let words = tail.panic { return .panicked(words, console: console) }
    if failure == .ended { return .ended(tail.lastLine ?? "without a word", console: console) }
    if failure == .late && tail.isStalled { return .stalled(console: console) }
    return guess ?? .lost("\(failure)", console: console)
  }
}
