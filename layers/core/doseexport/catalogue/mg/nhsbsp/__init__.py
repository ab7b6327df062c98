"""The dose survey of the NHS breast screening programme."""
