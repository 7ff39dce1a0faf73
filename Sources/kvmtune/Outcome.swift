import ArgumentParser
import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Netlink
import Optimiser
import Report
import Sweep
import SystemPackage
import Traffic

/// How a command ends, in the numbers of sysexits(3) where there is one.
enum ExitStatus: Int32 {
  case good = 0
  case finding = 1
  case inconclusive = 2
  case usage = 64
  case badInput = 65
  case unavailable = 69
  case bug = 70
  case inputOutput = 74
  case privilege = 77
}

/// An error that knows its exit status and what to do about it.
struct CommandFailure: Error, CustomStringConvertible {
  let status: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }
}

/// Turns whatever ended a command into one line and an exit status.
enum Outcome {
  static func exit(for error: any Error) -> Never {
    if let failure = classify(error) ?? parsing(error) {
      let words = failure.description.split(whereSeparator: \.isNewline).joined(separator: " ")
      Terminal.warn("kvmtune: \(words)")
      Foundation.exit(failure.status.rawValue)
    }
    // Help, version, completions and exit codes are the parser's own affair.
    Kvmtune.exit(withError: error)
  }

  /// The status of an error of ours; nil for the argument parser's.
  static func classify(_ error: any Error) -> CommandFailure? {
    switch error {
    case let failure as CommandFailure: failure
    case is ProfileError, is WorkloadError, is UnknownKnob, is EvidenceError, is ObjectiveError,
      is SearchSpaceError,
      is CampaignError:
      CommandFailure(.badInput, "\(error)")
    case let error as RunDirectoryError:
      CommandFailure(error.code == .inputOutput ? .inputOutput : .badInput, "\(error)")
    case let error as TrialsFileError: table(error)
    case let error as KnobError: CommandFailure(.unavailable, "\(error)")
    case is GuestObjection, is GuestError, is TuningRefused:
      CommandFailure(.unavailable, "\(error)")
    case is NoSuchDevice, is TargetError, is Guard.Refusal, is NICLock.Held, is JournalInUse:
      CommandFailure(.unavailable, "\(error)")
    case let error as NotRestored: CommandFailure(.finding, "\(error)")
    case is BenchFailure, is HostUnfit: CommandFailure(.inconclusive, "\(error)")
    case is SearchError: CommandFailure(.usage, "\(error)")
    case let error as SweepInterrupted: CommandFailure(.inconclusive, "\(error)")
    case let error as NetlinkError: errno(error.errno, "\(error)")
    case let error as SystemCallError: errno(error.errno, "\(error)")
    case let error as CocoaError: file(error)
    default: nil
    }
  }

  /// What is wrong with the words of the command line, and whatever nobody thought of.
  private static func parsing(_ error: any Error) -> CommandFailure? {
    switch Kvmtune.exitCode(for: error) {
    case .validationFailure:
      // The parser's text has a line that tells what the option is, where it knows it.
      let wanted = Kvmtune.fullMessage(for: error, columns: 1000).split(separator: "\n")
        .first { $0.hasPrefix("Help:") }.flatMap { $0.split(separator: ">  ").last }
      let parts = [Kvmtune.message(for: error), wanted.map(String.init)].compactMap(\.self)
      let sentence = parts.map { $0.trimmingCharacters(in: ["."]) }.joined(separator: ": ")
      return CommandFailure(.usage, "\(sentence); see '\(helpCommand)'")
    case .failure where !(error is ExitCode):
      return CommandFailure(.bug, "\(error); this is a bug of kvmtune, please report it")
    default: return nil
    }
  }

  /// The command that explains the one that was typed.
  private static var helpCommand: String {
    let typed = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") }
    for subcommand in Kvmtune.configuration.subcommands {
      if let name = subcommand.configuration.commandName, name == typed {
        return "kvmtune help \(name)"
      }
    }
    return "kvmtune help"
  }

  /// A bench that tells two equal sides apart, or measures nothing, has proved nothing.
  static func requireTrust(in conclusion: Conclusion) throws {
    // One that was told to go on all the same says so in its reason.
    guard
      conclusion.recommendations.contains(where: {
        $0.noise?.failed == true && $0.search.isEmpty
      })
    else { return }
    throw CommandFailure(
      .inconclusive,
      "default against default failed twice; measure on a quieter machine, or take "
        + "it on with --force")
  }

  private static func table(_ error: TrialsFileError) -> CommandFailure {
    switch error.reason {
    case .inputOutput: CommandFailure(.inputOutput, "\(error)")
    case .exists, .otherColumns, .contents: CommandFailure(.badInput, "\(error)")
    }
  }

  private static func file(_ error: CocoaError) -> CommandFailure {
    let place = error.filePath.map { "\($0): " } ?? ""
    let state = StateFolder.standard().path
    let remedy =
      error.filePath?.hasPrefix(state) == true ? "; name another folder in KVMTUNE_STATE" : ""
    return CommandFailure(.inputOutput, place + TrialsFileError.sentence(error) + remedy)
  }

  private static func errno(_ errno: Errno, _ text: String) -> CommandFailure {
    switch errno {
    case .notPermitted, .permissionDenied:
      CommandFailure(.privilege, "\(text); run as root, or give kvmtune CAP_NET_ADMIN, CAP_NET_RAW")
    case .noSpace, .ioError, .diskQuotaExceeded, .readOnlyFileSystem:
      CommandFailure(.inputOutput, "\(text); make room there, or mend the disk")
    default:
      CommandFailure(.unavailable, "\(text)")
    }
  }
}

/// Ends a command early, with a line that says what to do, unless these privileges are there.
func require(_ capabilities: Capability..., to purpose: String) throws {
  let missing = Capability.missing(capabilities)
  guard missing.isEmpty else {
    let names = missing.map(\.description).joined(separator: ", ")
    throw CommandFailure(
      .privilege, "\(purpose) needs \(names): run it as root, or 'setcap' the program")
  }
}
