"""Columns of what tables hold: ids, labels, numbers, amounts and times, as arrays of plain types or refused."""
