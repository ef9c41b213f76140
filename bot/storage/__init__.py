"""Storage that no other package owns: the database itself, its migrations, encryption and
preferences."""
