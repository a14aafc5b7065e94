"""Error mitigation: circuits with more noise or known values, and results corrected by them."""
