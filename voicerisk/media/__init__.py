"""Audio as samples: G.711, resampling, one clock per call, activity, the last seconds of sound."""
