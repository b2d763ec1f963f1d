"""Where photos come from: one module a source, each turning what it offers into `Offer`s."""
