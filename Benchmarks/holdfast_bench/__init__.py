"""Runs Holdfast beside other backup programs on the same data and compares time, processor, memory and size."""
