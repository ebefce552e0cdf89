//! Machinery of the tests that cross crates; none of it is shipped.
