"""From a model folder to scores: one batched, stateful run for every live channel that has a full chunk."""
