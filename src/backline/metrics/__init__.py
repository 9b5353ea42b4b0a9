"""Numbers over time: periods, changes, coverage and exports, computed from cells of the rollup."""
