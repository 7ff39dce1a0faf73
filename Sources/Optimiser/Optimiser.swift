// Optimiser
