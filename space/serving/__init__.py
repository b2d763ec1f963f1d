"""What keeps the server fair and safe: limits, threads, ZeroGPU, and errors at the edge."""
