"""Makers of the inputs. Each runs in a process of its own: see `holdfast_bench.measure` for why."""
