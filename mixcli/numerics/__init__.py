"""Hot loops and solvers on plain arrays; nothing here knows a file, a spec or a table."""
