"""Second, independent computations of what exports must hold."""
