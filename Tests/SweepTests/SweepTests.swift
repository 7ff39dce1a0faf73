import Testing

@Suite struct SweepTestsPlaceholder {
}
