import Kernel

/// A reflector on this machine.
final class EchoReflecting<Source: FrameSource & ~Copyable, Sink: FrameSink & ~Copyable>:
  ReflectingHalf
where Source.Template == Sink.Template {
  let ports: [UInt16]
  private let reflector: Worker<EchoReflector<Source, Sink>>
  private let stop = StopFlag()
  private var isListening = false

  init(
    _ reflector: consuming sending EchoReflector<Source, Sink>, cpu: Int, ports: [UInt16] = []
  ) throws {
    self.reflector = try Worker("kvmtune-echo", on: cpu, reflector)
    self.ports = ports
  }

  func start(sleeping: Bool) throws {
    // Once a window: what waits for a second look is not to be thrown away.
    if !isListening { try reflector.with { try $0.begin() } }
    isListening = true
    stop.clear()
    reflector.start { [stop] in try $0.reflect(until: stop, sleeping: sleeping) }
  }

  func finish() throws -> UInt64 {
    stop.set()
    return try reflector.finish()
  }

  func park() throws {
    isListening = false
    try reflector.with { try $0.park() }
  }

  func close() {
    stop.set()
    reflector.stop()
  }
}
