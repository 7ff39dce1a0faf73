import Testing

@Suite struct KnobsTestsPlaceholder {
}
