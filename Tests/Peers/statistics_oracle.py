"""What SciPy and NumPy make of numbers that our statistics are computed from, too.

    statistics_oracle.py INPUTS.json

INPUTS.json has a list of inputs for each statistic, named as in
Tests/MeasurementTests/StatisticsOracleTests.swift; an input is a list of lists of numbers. Prints as
JSON, for each statistic and input, a list of results; null for what is not defined.

Where SciPy has no such function, the definition is followed in the plainest way: intervals by trying
shifts against SciPy's tests, boundaries by numerical integration.
"""

import json
import math
import sys
import warnings

import numpy
from scipy import optimize, special, stats

LEGENDRE = numpy.polynomial.legendre.leggauss(400)


def student(numbers):
    degrees, t, probability = numbers
    distribution = stats.t(degrees)
    return [distribution.cdf(t), 2 * distribution.sf(abs(t)), distribution.ppf(probability)]


def normal(numbers):
    probability, z = numbers
    return [stats.norm.ppf(probability), stats.norm.cdf(z)]


def signed_rank(values):
    return [stats.wilcoxon(values, method="exact").pvalue]


def inverted(points, probabilities):
    """The 95 % interval: the outermost of the points such that beyond them a test would reject.

    probabilities(shifts) are the test's p once the values have been moved by each of the shifts.
    """
    points = numpy.sort(points)
    between = (points[:-1] + points[1:]) / 2
    shifts = numpy.concatenate([[points[0] - 1.0], between[: (len(points) + 1) // 2]])
    kept = numpy.flatnonzero(probabilities(shifts) > 0.05)
    # The first shift is beyond all points: if even that is not rejected, there is no such interval.
    if kept[0] == 0:
        return [None, None]
    return [points[kept[0] - 1], points[len(points) - kept[0]]]


def hodges_lehmann(values):
    values = numpy.array(values)
    rows, columns = numpy.triu_indices(len(values))
    averages = (values[rows] + values[columns]) / 2

    def probabilities(shifts):
        return stats.wilcoxon(values - shifts[:, None], method="exact", axis=1).pvalue

    return [numpy.median(averages), *inverted(averages, probabilities)]


def sign_flip(values):
    def probability(alternative):
        return stats.permutation_test(
            (values,),
            numpy.mean,
            permutation_type="samples",
            n_resamples=numpy.inf,
            alternative=alternative,
            vectorized=True,
        ).pvalue

    return [probability("two-sided"), probability("greater"), probability("less")]


def mann_whitney(first, second):
    size = max(len(first), len(second))
    has_ties = len(set(first + second)) < len(first) + len(second)
    method = "asymptotic" if has_ties or size > 20 else "exact"
    found = stats.mannwhitneyu(first, second, method=method)
    return [found.statistic, found.pvalue]


def shift(first, second):
    first, second = numpy.array(first), numpy.array(second)
    differences = (second[None, :] - first[:, None]).ravel()

    def probabilities(shifts):
        moved = second - shifts[:, None]
        return stats.mannwhitneyu(first[None, :], moved, method="exact", axis=1).pvalue

    return [numpy.median(differences), *inverted(differences, probabilities)]


def adjusted(probabilities):
    probabilities = numpy.array(probabilities)
    order = numpy.argsort(probabilities)
    factors = numpy.arange(len(probabilities), 0, -1)
    holm = numpy.empty_like(probabilities)
    holm[order] = numpy.minimum(1, numpy.maximum.accumulate(probabilities[order] * factors))
    return [*holm, *stats.false_discovery_control(probabilities)]


def equivalence(values, bounds):
    lower, upper = bounds
    return [
        stats.ttest_1samp(values, lower, alternative="greater").pvalue,
        stats.ttest_1samp(values, upper, alternative="less").pvalue,
    ]


def bootstrap(values, choice):
    """The interval, and all that it is computed from: estimate, jackknife, replicates."""
    values = numpy.array(values)
    statistic = (numpy.mean, numpy.std, numpy.median)[int(choice[0])]
    found = stats.bootstrap(
        (values,), statistic, n_resamples=400, method="BCa", rng=numpy.random.default_rng(1)
    )
    jackknife = [statistic(numpy.delete(values, index)) for index in range(len(values))]
    interval = found.confidence_interval
    return [
        interval.low, interval.high, statistic(values), *jackknife, *found.bootstrap_distribution
    ]


def autocorrelation(values):
    deviations = numpy.array(values) - numpy.mean(values)
    return [numpy.dot(deviations[1:], deviations[:-1]) / numpy.dot(deviations, deviations)]


def alpha_spending(choice, fractions):
    """Boundaries from the density of what has crossed none, on one grid for each look."""
    is_pocock, alpha = choice
    places, weights = LEGENDRE

    def spent(fraction):
        if is_pocock:
            return alpha * math.log(1 + (math.e - 1) * fraction)
        return 4 * special.ndtr(special.ndtri(alpha / 4) / math.sqrt(fraction))

    boundaries = []
    grid, masses, last = numpy.array([0.0]), numpy.array([1.0]), 0.0
    for fraction in fractions:
        step = math.sqrt(fraction - last)
        spending = spent(fraction) - (spent(last) if last else 0)

        def excess(z):
            bound = z * math.sqrt(fraction)
            beyond = special.ndtr((grid - bound) / step) + special.ndtr((-bound - grid) / step)
            return masses @ beyond - spending

        z = optimize.brentq(excess, 0, 20, xtol=1e-13)
        boundaries.append(z)
        bound = z * math.sqrt(fraction)
        distances = (bound * places[:, None] - grid[None, :]) / step
        density = numpy.exp(-(distances**2) / 2) @ masses / (math.sqrt(2 * math.pi) * step)
        grid, masses, last = bound * places, bound * weights * density, fraction
    return boundaries


STATISTICS = {
    "student": student,
    "normal": normal,
    "signedRank": signed_rank,
    "hodgesLehmann": hodges_lehmann,
    "signFlip": sign_flip,
    "mannWhitney": mann_whitney,
    "shift": shift,
    "adjusted": adjusted,
    "equivalence": equivalence,
    "bootstrap": bootstrap,
    "autocorrelation": autocorrelation,
    "alphaSpending": alpha_spending,
}


def plain(value):
    """A number that JSON has; null for what is not one."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


if __name__ == "__main__":
    # Of samples whose values are all the same.
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        questions = json.load(file)
    json.dump(
        {
            name: [[plain(value) for value in STATISTICS[name](*one)] for one in inputs]
            for name, inputs in questions.items()
        },
        sys.stdout,
    )
