// Knobs
