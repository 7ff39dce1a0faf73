import Foundation

/// The Cholesky factor of a symmetric, positive matrix: A = L Lᵀ, L below the diagonal.
struct CholeskyFactor {
  let order: Int
  /// Row by row, the upper half unused.
  private var elements: [Double]

  /// - Parameters:
  ///   - matrix: row by row; only its lower half is looked at.
  ///   - order: rows, as many as columns.
  /// - Returns: nil if the matrix is not positive, to the accuracy of the numbers.
  init?(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order, "a square has as many rows as columns")
    self.order = order
    elements = matrix
    for row in 0..<order {
      for column in 0...row {
        var sum = elements[row * order + column]
        for k in 0..<column { sum -= elements[row * order + k] * elements[column * order + k] }
        if row == column {
          guard sum > 0, sum.isFinite else { return nil }
          elements[row * order + row] = sum.squareRoot()
        } else {
          elements[row * order + column] = sum / elements[column * order + column]
        }
      }
    }
  }

  /// ln |A|.
  var logDeterminant: Double {
    2 * (0..<order).reduce(0) { $0 + log(elements[$1 * order + $1]) }
  }

  /// The x with L x = b.
  func solveLower(_ right: [Double]) -> [Double] {
    var x = right
    for row in 0..<order {
      var sum = x[row]
      for k in 0..<row { sum -= elements[row * order + k] * x[k] }
      x[row] = sum / elements[row * order + row]
    }
    return x
  }

  /// The x with A x = b.
  func solve(_ right: [Double]) -> [Double] {
    var x = solveLower(right)
    for row in (0..<order).reversed() {
      var sum = x[row]
      for k in row + 1..<max(order, row + 1) { sum -= elements[k * order + row] * x[k] }
      x[row] = sum / elements[row * order + row]
    }
    return x
  }

  /// A⁻¹, row by row.
  var inverse: [Double] {
    // The columns of L⁻¹ first: each is 0 above its own place.
    var lower = [Double](repeating: 0, count: order * order)
    for column in 0..<order {
      lower[column * order + column] = 1 / elements[column * order + column]
      for row in column + 1..<max(order, column + 1) {
        var sum = 0.0
        for k in column..<row { sum -= elements[row * order + k] * lower[k * order + column] }
        lower[row * order + column] = sum / elements[row * order + row]
      }
    }
    var inverse = [Double](repeating: 0, count: order * order)
    for k in 0..<order {
      for row in 0...k {
        let factor = lower[k * order + row]
        for column in 0...row {
          inverse[row * order + column] += factor * lower[k * order + column]
        }
      }
    }
    for row in 0..<order {
      for column in 0..<row { inverse[column * order + row] = inverse[row * order + column] }
    }
    return inverse
  }
}
