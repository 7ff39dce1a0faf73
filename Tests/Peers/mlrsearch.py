"""Runs the reference implementation of MLRsearch (PyPI) on simulated systems.

    mlrsearch.py CASES.json

CASES.json is a list of searches, each with goals, limits and a system, as
Tests/MeasurementTests/SimulatedSystem.swift describes it. Prints as JSON, for each search, the load,
duration and loss ratio of every trial, and the bounds and conditional throughput of every goal.

The simulated losses are counted with the same operations in the same order as in Swift, so that both
implementations see the same numbers to the last bit.
"""

import json
import math
import sys
from types import SimpleNamespace

import MLRsearch.multiple_loss_ratio_search as reference
from MLRsearch import (
    AbstractMeasurer,
    Config,
    MeasurementResult,
    MultipleLossRatioSearch,
    SearchGoal,
)

MASK = (1 << 64) - 1


def mixed(value):
    """The output function of SplitMix64."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


class System(AbstractMeasurer):
    """A system under test that exists in numbers only, and a clock that it alone moves."""

    def __init__(self, spec):
        self.spec = spec
        self.trials = []
        self.clock = 0.0

    def chance(self, intended, salt):
        """A number from 0 up to 1, of seed, trial and load alone."""
        value = (self.spec["seed"] + len(self.trials) * 0x9E3779B97F4A7C15) & MASK
        value = mixed(mixed(value) ^ intended)
        return (mixed((value + salt) & MASK) >> 11) * 2.0**-53

    def loss_ratio(self, load, intended):
        ratio = 0.0
        for part in self.spec["parts"]:
            if part["from"] <= load < part["to"]:
                place = (load - part["from"]) / (part["to"] - part["from"])
                ratio = max(ratio, part["low"] + (part["high"] - part["low"]) * place)
        capacity = self.spec["capacity"]
        capacity = capacity * (1.0 + self.spec["jitter"] * (self.chance(intended, 1) - 0.5))
        if load > capacity:
            ratio = max(ratio, 1.0 - capacity / load)
        if self.chance(intended, 2) < self.spec["noise"]:
            ratio = ratio + self.spec["burst"] * self.chance(intended, 3)
        return min(1.0, ratio)

    def measure(self, intended_duration, intended_load):
        intended = math.floor(intended_load * intended_duration + 0.5)
        offered = min(intended, math.floor(self.spec["generator"] * intended_duration))
        lost = math.floor(self.loss_ratio(intended_load, intended) * offered)
        result = MeasurementResult(
            intended_duration=intended_duration,
            intended_load=intended_load,
            intended_count=intended,
            offered_count=offered,
            forwarding_count=offered - lost,
            duration_with_overheads=intended_duration + self.spec["overhead"],
        )
        self.trials.append([intended_load, intended_duration, result.loss_ratio])
        self.clock += result.duration_with_overheads
        return result


def goal_result(result):
    lower, upper = result.relevant_lower_bound, result.relevant_upper_bound
    try:
        throughput = result.conditional_throughput
    except RuntimeError:
        # Rounding made it 0, which it refuses.
        throughput = 0.0
    return {
        "lower": None if lower is None else float(lower),
        "upper": None if upper is None else float(upper),
        "throughput": None if throughput is None else float(throughput),
    }


def search(case):
    system = System(case["system"])
    reference.time = SimpleNamespace(monotonic=lambda: system.clock)
    goals = [SearchGoal(fail_fast=False, **goal) for goal in case["goals"]]
    config = Config()
    config.goals = goals
    config.max_load = max(case["maximum"], config.max_load)
    config.min_load = case["minimum"]
    config.max_load = case["maximum"]
    config.search_duration_max = case["timeLimit"]
    config.warmup_duration = case["warmUp"]
    try:
        found = MultipleLossRatioSearch(config=config).search(system, debug=lambda text: None)
    except RuntimeError as error:
        return {"trials": system.trials, "results": None, "error": str(error)}
    return {"trials": system.trials, "results": [goal_result(found[goal]) for goal in goals]}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    json.dump([search(case) for case in cases], sys.stdout)
