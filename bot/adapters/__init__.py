"""One vendor a file or package. `base` says what an adapter is, `registry` lists the vendors."""
