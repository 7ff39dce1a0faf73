import Testing

@Suite struct OptimiserTestsPlaceholder {
}
