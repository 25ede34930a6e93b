//! What people see, driven as a browser without script would.
